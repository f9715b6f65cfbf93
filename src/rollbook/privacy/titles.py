"""What each part of a record is called, in the order in which a family reads it, and what it is."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Part:
    """A table as a part of the record; ``is_derived``: it only counts what other parts have."""

    title: str
    says: str
    is_derived: bool = False


PARTS: Final[dict[str, Part]] = {
    "students": Part("Who the student is", "Name, number and what the district knows of the person."),
    "guardians": Part("Parents and guardians", "The people who answer for the student."),
    "student_guardians": Part(
        "What each guardian is to the student", "Also whether they may see the record."
    ),
    "student_school_enrollments": Part("Schools", "When the student entered and left each school."),
    "student_programs": Part("Programs", "Programs of support that the student is or was in."),
    "course_enrollments": Part("Classes", "Which classes the student is or was in."),
    "course_outcomes": Part("How classes ended", "Passed, failed or withdrawn."),
    "course_grades": Part("Final marks", "The marks and credits that make up the transcript."),
    "progress": Part("Progress", "How far the student came in what a class teaches."),
    "grades": Part("Marks", "The marks of single assignments."),
    "attendance_records": Part("Attendance", "What was recorded of each day, or of each lesson."),
    "attendance_weeks": Part("Attendance by week", "Counted from the days above.", is_derived=True),
    "attendance_totals": Part("Attendance of the year", "Counted from the days above.", is_derived=True),
    "attendance_stale_weeks": Part(
        "Weeks to be counted again", "Weeks whose days have changed since.", is_derived=True
    ),
    "discipline_incidents": Part("Incidents", "Incidents at school that the student had a part in."),
    "incident_participants": Part("The student's part in incidents", "What the student's own part was."),
    "discipline_actions": Part("What was done about incidents", "Actions that concern the student."),
    "student_activity_performances": Part("Activities", "Results in activities and sports."),
    "fitness_results": Part("Fitness tests", "Results of fitness tests."),
    "pe_activity_preferences": Part("Activities the student likes", "As the student said."),
    "routine_performance_metrics": Part("Training routines", "How training went."),
    "activity_logs": Part("Activity log", "Entries about the student's activity."),
    "analytics_events": Part("Use of learning material", "What was opened in the online course, and when."),
    "predictions": Part(
        "Estimates of risk",
        "What a computer model estimated, with its reasons. An estimate is a reason to look, not a verdict.",
    ),
    "student_features": Part(
        "Figures behind the estimates", "What the model was given, as numbers.", is_derived=True
    ),
    "training_feedback": Part("What educators found", "Whether an estimate was right, by an educator."),
    "user_grants": Part("Who was let in beside their work", "People who were allowed to see this record."),
    "users": Part("The student's account", "By which the student signs in."),
    "user_preferences": Part("Preferences of the account", "How the student likes the pages."),
    "user_sessions": Part("Sign-ins", "When, and from what kind of device."),
    "totp_secrets": Part("Second factor", "That one is set up; the secret itself is shown to nobody."),
    "recovery_codes": Part("Recovery codes", "That there are some; they are shown to nobody."),
    "identity_links": Part("Accounts elsewhere", "Other accounts by which the student signs in here."),
    "known_devices": Part("Known devices", "Browsers from which the student has signed in."),
    "api_keys": Part("Keys of programs", "Keys that let a program act for the student."),
    "access_tokens": Part("Tokens of programs", "Short-lived permissions made from such keys."),
    "source_records": Part(
        "What the sources called it", "Ids of the systems the data came from, and what else they said."
    ),
    "intake_rejects": Part("Rejected lines", "Lines of imported files that were wrong and wait to be fixed."),
    "amendment_requests": Part(
        "Requests to amend this record", "What the family asked, how it was decided, and their own statement."
    ),
    "legal_holds": Part("Legal holds", "That nothing may be erased for a time, and why."),
    "disclosures": Part(
        "Who was shown this record", "Who, when, which part, and by which right (34 CFR 99.32)."
    ),
}

COLUMNS: Final[dict[str, str]] = {
    "known_at": "Known since",
    "superseded_at": "Until",
    "student_number": "Number",
    "is_directory_opt_out": "Directory information may be handed out",
    "entry_on": "From",
    "exit_on": "Until",
    "begins_on": "From",
    "ends_on": "Until",
    "as_of": "On",
    "rank": "Place in the list",
    "cohort_size": "Students in the list",
    "risk_score": "Estimated risk",
    "risk_category": "Level",
    "risk_factors": "Reasons",
    "who": "Who (account on the machine)",
    "user_id": "Who",
    "what": "What was shown",
    "interest": "By which right",
    "purpose": "What for",
    "at": "When",
    "feedback_type": "What the educator found",
    "lives_with": "Lives with the student",
    "contact_order": "Called first, second ...",
}

WORDS: Final[dict[str, dict[str, str]]] = {
    "feedback_type": {
        "true_positive": "The warning was right: the student needed help",
        "false_positive": "The warning was wrong: the student did well",
        "true_negative": "No warning, rightly: the student did well",
        "false_negative": "A warning was missing: the student needed help",
    },
    "status": {
        "present": "Present",
        "absent": "Absent, not excused",
        "tardy": "Late",
        "excused": "Absent, excused",
    },
    "participant_role": {
        "perpetrator": "Did it",
        "victim": "Was harmed",
        "witness": "Saw it",
        "reporter": "Reported it",
        "other": "Other",
    },
    "program_type": {"iep": "Individualized education program (IEP)", "504": "Section 504 plan"},
    "grade_level": {"0": "Kindergarten"},
    # the column says that handing out is forbidden; its heading, that it is allowed
    "is_directory_opt_out": {"true": "No, the family forbids it", "false": "Yes"},
}


def column_word(name: str) -> str:
    """Return what a column is called where people read."""
    if name in COLUMNS:
        return COLUMNS[name]
    text = name.removesuffix("_id").removesuffix("_on").removeprefix("is_").replace("_", " ")
    return text[:1].upper() + text[1:]
