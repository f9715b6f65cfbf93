"""How long rows of each table are kept, counted from what, and why. Every table is here; a test sees to it.

A tenant may keep what has a rule for longer, or for less, never for less than a law asks (`retention set`).
"""

from calendar import isleap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Table

from rollbook.core.schema import HISTORY_SUFFIX

_DAYS_IN_YEAR: Final = 365.25
_LEAP_DAY: Final = (2, 29)


@dataclass(frozen=True, slots=True)
class Period:
    """A time: years of the calendar, and days."""

    years: int = 0
    days: int = 0

    def before(self, today: date) -> date:
        """Return the first day that is not past it: what is of an earlier day is."""
        year = max(today.year - self.years, 1)
        day = today.day if (today.month, today.day) != _LEAP_DAY or isleap(year) else today.day - 1
        then = today.replace(year=year, day=day)
        return then - timedelta(days=min(self.days, then.toordinal() - 1))

    def is_under(self, other: "Period") -> bool:
        """Say whether it is shorter than ``other``, a year taken as a fourth of four."""
        years, days = self.years - other.years, self.days - other.days
        return years * _DAYS_IN_YEAR + days < 0

    def __str__(self) -> str:
        """Return it in words."""
        parts = ((self.years, "year"), (self.days, "day"))
        said = [f"{count:,} {unit}{'' if count == 1 else 's'}" for count, unit in parts if count]
        return " and ".join(said) or "0 days"


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows go when ``keep`` has passed since ``since``: the student's leaving, or a column of the table."""

    keep: Period
    why: str
    since: str = "leaving"
    least: Period | None = None
    law: str = ""


_FUNDS: Final = "2 CFR 200.334: three years after the last report on a federal grant that rests on it"
_HELPED: Final = "custom: it served to help the student while they were here"
RULES: Final[Mapping[str, Rule]] = {
    "attendance_records": Rule(
        Period(7), "custom of state archives; funds are counted by it", least=Period(4), law=_FUNDS
    ),
    "student_programs": Rule(
        Period(7), "custom of state archives; funds are counted by it", least=Period(4), law=_FUNDS
    ),
    "incident_participants": Rule(Period(5), "custom: discipline is no part of a permanent record"),
    "grades": Rule(Period(3), "custom: the grades of courses are the transcript, single marks are not"),
    "progress": Rule(Period(3), "custom: the grades of courses are the transcript, progress is not"),
    "analytics_events": Rule(Period(2), _HELPED),
    "activity_logs": Rule(Period(2), _HELPED),
    "student_activity_performances": Rule(Period(2), _HELPED),
    "routine_performance_metrics": Rule(Period(2), _HELPED),
    "fitness_results": Rule(Period(2), _HELPED),
    "pe_activity_preferences": Rule(Period(2), _HELPED),
    "student_features": Rule(Period(2), _HELPED),
    "predictions": Rule(Period(2), _HELPED),
    "user_sessions": Rule(Period(days=30), "they open nothing once expired", since="expires_at"),
    "access_tokens": Rule(Period(days=30), "they open nothing once expired", since="expires_at"),
    "known_devices": Rule(Period(days=180), "a browser unused so long is asked anew", since="last_used_at"),
    "intake_rejects": Rule(
        Period(years=1), "a line refused a year ago is not sent again", since="the import's start"
    ),
}
# These go with the rows of another table, by its rule.
GOES_WITH: Final[Mapping[str, str]] = {
    "discipline_incidents": "incident_participants",
    "discipline_actions": "incident_participants",
    "training_feedback": "predictions",
    "attendance_weeks": "attendance_records",
    "attendance_totals": "attendance_records",
    "attendance_stale_weeks": "attendance_records",
    "attendance_week_sums": "attendance_records",
    "attendance_total_windows": "attendance_records",
}
KEPT: Final[Mapping[str, frozenset[str]]] = {
    "the permanent record: who was a student, where, with which result (34 CFR 300.624(b))": frozenset(
        {"students", "student_school_enrollments", "course_enrollments", "course_grades", "course_outcomes"}
    ),
    "with the permanent record: who may ask to see it": frozenset({"guardians", "student_guardians"}),
    "34 CFR 99.32(a)(2): as long as the record, which is permanent": frozenset({"disclosures"}),
    "34 CFR 99.21(c): a family's statement is kept as long as the record": frozenset({"amendment_requests"}),
    "cases: they say why something was not removed": frozenset({"legal_holds"}),
    "names of sources, by which the next import knows its rows; an erasure takes them": frozenset(
        {"source_records"}
    ),
    "seals chain whole logs: without their oldest rows nothing after them would be proven": frozenset(
        {"audit_writes", "audit_seals", "audit_redactions"}
    ),
    "what was removed and set, by numbers and digests": frozenset(
        {"erasures", "erased_names", "erasure_keys", "retention_rules"}
    ),
    "receipts, which the versions of the record point to": frozenset(
        {"imports", "attendance_submissions", "attendance_loads"}
    ),
    "what is in the archive, by months and numbers of rows": frozenset({"archives"}),
    "accounts are closed, not removed: the logs name them": frozenset(
        {
            *("users", "user_grants", "user_preferences", "totp_secrets", "recovery_codes"),
            *("api_keys", "identity_links", "identity_providers", "bi_roles"),
        }
    ),
    "forgotten by the sign-in itself after two days": frozenset({"sign_in_tries"}),
    "the district, its places and its calendar, which the permanent record rests on": frozenset(
        {
            *("tenants", "schools", "academic_sessions", "school_calendar_days", "attendance_rules"),
            *("staff", "staff_assignments", "section_staff"),
        }
    ),
    "what is taught and how it is marked, which the permanent record rests on": frozenset(
        {
            *("courses", "course_prerequisites", "course_standards", "learning_standards"),
            *("sections", "section_sessions", "lesson_plans", "lesson_plan_standards", "pe_lesson_plans"),
            *("assignment_categories", "assignments", "grade_rules", "grade_scales", "grade_scale_steps"),
            *("activities", "routines", "routine_activities", "fitness_tests", "fitness_zones"),
        }
    ),
    "they name nobody": frozenset({"model_metadata", "research_projects", "research_copies"}),
}


def unruled(tables: Iterable[Table]) -> set[str]:
    """Return the tables of which nobody has said how long their rows are kept, or twice."""
    said = [*RULES, *GOES_WITH, *(name for names in KEPT.values() for name in names)]
    current = {table.name for table in tables if not table.name.endswith(HISTORY_SUFFIX)}
    return {name for name in current if said.count(name) != 1} | (set(said) - current)


def why_kept(name: str) -> str:
    """Return why rows of a table without a rule are kept."""
    return next(why for why, names in KEPT.items() if name in names)
