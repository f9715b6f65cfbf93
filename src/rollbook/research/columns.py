"""What each column of each table is that a research copy reads, in one place.

A column not judged here fails a test; a table that is not named is in no copy.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a column is to somebody who wants to know whose row it is."""

    IDENTIFIER = "identifier"  # names the person, or a file about them: dropped
    KEY = "key"  # ties rows together: becomes a pseudonym, or is dropped
    QUASI = "quasi-identifier"  # others may know it: generalised until k students share all of them
    SENSITIVE = "sensitive"  # what a reader must not learn of a person: kept, its variety is reported as l
    DATE = "date"  # shifted, and given where k students share all dates
    FREE_TEXT = "free text"  # may say anything: dropped
    MEASURE = "measure"  # a number that others do not know: kept
    INTERNAL = "internal"  # about the record, not the student: dropped


_OF_ALL: Final = {
    "tenant_id": Kind.KEY,
    "known_at": Kind.INTERNAL,
    "import_id": Kind.INTERNAL,
}
COLUMNS: Final[Mapping[str, Mapping[str, Kind]]] = {
    "students": _OF_ALL
    | {
        "student_id": Kind.KEY,
        "student_number": Kind.IDENTIFIER,
        "first_name": Kind.IDENTIFIER,
        "last_name": Kind.IDENTIFIER,
        "middle_name": Kind.IDENTIFIER,
        "preferred_name": Kind.IDENTIFIER,
        "birth_date": Kind.IDENTIFIER,  # with a school it names most students: the grade tells the age
        "gender": Kind.QUASI,
        "race_ethnicity": Kind.QUASI,
        "grade_level": Kind.QUASI,
        "is_english_learner": Kind.QUASI,
        "is_special_education": Kind.QUASI,
        "economic_status": Kind.QUASI,
        "languages": Kind.QUASI,
        "email": Kind.IDENTIFIER,
        "phone": Kind.IDENTIFIER,
        "address": Kind.IDENTIFIER,  # its postal code too: smaller than a school
        "is_directory_opt_out": Kind.INTERNAL,
        "metadata": Kind.FREE_TEXT,
        "created_at": Kind.INTERNAL,
    },
    "student_school_enrollments": _OF_ALL
    | {
        "enrollment_id": Kind.KEY,
        "student_id": Kind.KEY,
        "school_id": Kind.QUASI,
        "school_year": Kind.QUASI,
        "grade_level": Kind.QUASI,
        "entry_on": Kind.DATE,
        "entry_code": Kind.FREE_TEXT,
        "exit_on": Kind.DATE,
        "exit_code": Kind.FREE_TEXT,
        "is_primary": Kind.INTERNAL,
        "counselor_staff_id": Kind.KEY,
        "source_id": Kind.IDENTIFIER,
        "created_at": Kind.INTERNAL,
    },
    "course_outcomes": _OF_ALL | {"student_id": Kind.KEY, "section_id": Kind.KEY, "result": Kind.SENSITIVE},
    "incident_participants": _OF_ALL
    | {
        "incident_id": Kind.KEY,
        "student_id": Kind.KEY,
        "participant_role": Kind.SENSITIVE,
        "injury": Kind.FREE_TEXT,
        "note": Kind.FREE_TEXT,
        "source_id": Kind.IDENTIFIER,
    },
    "discipline_incidents": _OF_ALL
    | {
        "incident_id": Kind.KEY,
        "incident_number": Kind.IDENTIFIER,
        "school_id": Kind.QUASI,
        "incident_on": Kind.DATE,
        "incident_time": Kind.FREE_TEXT,
        "incident_type": Kind.FREE_TEXT,  # a source may write anything there: the severity is kept
        "severity_level": Kind.SENSITIVE,
        "location": Kind.FREE_TEXT,
        "description": Kind.FREE_TEXT,
        "reported_by_staff_id": Kind.KEY,
        "reported_by": Kind.IDENTIFIER,
        "source_id": Kind.IDENTIFIER,
        "created_at": Kind.INTERNAL,
    },
    "attendance_records": _OF_ALL
    | {
        "student_id": Kind.KEY,
        "date": Kind.DATE,
        "period": Kind.INTERNAL,
        "status": Kind.QUASI,
        "minutes_late": Kind.MEASURE,
        "reason": Kind.FREE_TEXT,
    },
}
