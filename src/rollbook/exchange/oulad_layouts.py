"""The files of the Open University Learning Analytics Dataset, as published.

Source: Kuzilek, Hlosta, Zdrahal (2017), doi 10.1038/sdata.2017.171. Copies differ in how they write
"no value" (nothing, or a question mark), flags (Y, 1, True) and quotation marks; all of them are read.
"""

from typing import Final

from rollbook.intake.layout import Code, Column, Decimals, Layout, OneOf, Reference, Whole, Words

FLAGS: Final = OneOf(("True", "False", "1", "0", "Y", "N"))
DAY: Final = Whole(-1000, 1000)
_ABSENT: Final = ("?",)
_PRESENTATION: Final = ("code_module", "code_presentation")

COURSES: Final = Layout(
    file="courses.csv",
    stage="stage_courses",
    columns=(
        Column("code_module", Words(20)),
        Column("code_presentation", Code("(19|20)[0-9]{2}[BJ]", "a presentation such as 2013J or 2014B")),
        Column("module_presentation_length", Whole(1, 1000)),
    ),
    key=_PRESENTATION,
)
STUDENT_INFO: Final = Layout(
    file="studentInfo.csv",
    stage="stage_student_info",
    columns=(
        Column("code_module"),
        Column("code_presentation"),
        Column("id_student", Whole(0, 999_999_999)),
        Column("gender", Words(20), is_required=False),
        Column("region", Words(), is_required=False),
        Column("highest_education", Words(), is_required=False),
        Column("imd_band", Words(20), is_required=False),
        Column("age_band", Words(20), is_required=False),
        Column("num_of_prev_attempts", Whole(0, 1000)),
        Column("studied_credits", Whole(0, 10_000)),
        Column("disability", FLAGS, is_required=False),
        Column("final_result", OneOf(("Distinction", "Pass", "Fail", "Withdrawn"))),
    ),
    key=(*_PRESENTATION, "id_student"),
    references=(Reference(_PRESENTATION, COURSES),),
    absent=_ABSENT,
)
STUDENT_REGISTRATION: Final = Layout(
    file="studentRegistration.csv",
    stage="stage_student_registration",
    columns=(
        Column("code_module"),
        Column("code_presentation"),
        Column("id_student"),
        Column("date_registration", DAY, is_required=False),
        Column("date_unregistration", DAY, is_required=False),
    ),
    key=(*_PRESENTATION, "id_student"),
    references=(Reference((*_PRESENTATION, "id_student"), STUDENT_INFO),),
    absent=_ABSENT,
)
# Checked after the registrations, which refer to it themselves.
REGISTERED: Final = Reference((*_PRESENTATION, "id_student"), STUDENT_REGISTRATION)
ASSESSMENTS: Final = Layout(
    file="assessments.csv",
    stage="stage_assessments",
    columns=(
        Column("code_module"),
        Column("code_presentation"),
        Column("id_assessment", Whole(0, 999_999_999)),
        Column("assessment_type", OneOf(("TMA", "CMA", "Exam"))),
        Column("date", DAY, is_required=False),
        Column("weight", Decimals(0, 100)),
    ),
    key=("id_assessment",),
    references=(Reference(_PRESENTATION, COURSES),),
    absent=_ABSENT,
)
STUDENT_ASSESSMENT: Final = Layout(
    file="studentAssessment.csv",
    stage="stage_student_assessment",
    columns=(
        Column("id_assessment"),
        Column("id_student"),
        Column("date_submitted", DAY),
        Column("is_banked", FLAGS),
        Column("score", Decimals(0, 100), is_required=False),
    ),
    key=("id_assessment", "id_student"),
    references=(Reference(("id_assessment",), ASSESSMENTS),),
    absent=_ABSENT,
)
VLE: Final = Layout(
    file="vle.csv",
    stage="stage_vle",
    columns=(
        Column("id_site", Whole(0, 999_999_999)),
        Column("code_module"),
        Column("code_presentation"),
        Column("activity_type", Words()),
        Column("week_from", DAY, is_required=False),
        Column("week_to", DAY, is_required=False),
    ),
    key=("id_site",),
    references=(Reference(_PRESENTATION, COURSES),),
    absent=_ABSENT,
)
# The site is not looked at: only the day's sum over all sites is kept.
STUDENT_VLE: Final = Layout(
    file="studentVle.csv",
    stage="stage_student_vle",
    columns=(
        Column("code_module"),
        Column("code_presentation"),
        Column("id_student"),
        Column("id_site"),
        Column("date", DAY),
        Column("sum_click", Whole(1, 100_000)),
    ),
    references=(Reference((*_PRESENTATION, "id_student"), STUDENT_INFO),),
)
# In the order in which they are checked: what is referred to comes first.
REQUIRED: Final = (COURSES, STUDENT_INFO, STUDENT_REGISTRATION, ASSESSMENTS, STUDENT_ASSESSMENT, VLE)
