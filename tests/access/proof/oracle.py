"""The oracle of rows: who may do what with which row of which table. Written by hand, not from policies.

A table that nobody has said anything of fails the matrix: say here who sees it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from access.proof.catalogue import Table

SELECT, INSERT, UPDATE, DELETE = "SELECT", "INSERT", "UPDATE", "DELETE"
Row = dict[str, Any]


def _names(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# What everybody in the tenant sees: its structure, its staff, and the accounts, which only verbs read.
STRUCTURE: Final = _names(
    "academic_sessions access_tokens activities api_keys archives assignment_categories assignments"
    " attendance_loads attendance_rules attendance_submissions attendance_total_windows bi_roles"
    " course_prerequisites course_standards courses fitness_tests fitness_zones grade_rules"
    " grade_scale_steps grade_scales identity_links identity_providers known_devices learning_standards"
    " lesson_plan_standards lesson_plans model_metadata pe_lesson_plans recovery_codes"
    " routine_activities routines school_calendar_days schools section_sessions section_staff sections"
    " staff staff_assignments tenants totp_secrets user_grants user_preferences user_sessions users"
)
# What only those see who see all students of the tenant: it is about any of them.
OF_THE_WHOLE: Final = _names(
    "attendance_week_sums audit_redactions audit_seals audit_writes disclosures erased_names erasure_keys"
    " erasures imports intake_rejects research_copies research_projects retention_rules source_records"
)
# A row that is about those whom another table ties to it.
THROUGH: Final = {
    "guardians": ("guardian_id", "student_guardians"),
    "discipline_incidents": ("incident_id", "incident_participants"),
}
# A row that is about nobody where it names nobody.
OR_NOBODY: Final = frozenset({"attendance_stale_weeks"})
KEYED: Final = frozenset({"sign_in_tries"})

READ_ONLY: Final = _names(
    "archives attendance_loads audit_redactions audit_seals audit_writes bi_roles disclosures erased_names"
    " erasure_keys erasures"
)
NEVER_DELETED: Final = _names(
    "activity_logs amendment_requests api_keys attendance_rules grade_rules identity_providers imports"
    " legal_holds model_metadata research_copies research_projects retention_rules tenants training_feedback"
    " user_grants users"
)
NEVER_CHANGED: Final = _names(
    "activity_logs attendance_stale_weeks attendance_total_windows attendance_totals attendance_weeks"
    " intake_rejects research_copies research_projects"
)

# What roles for BI read, histories too: a table that is not named here is none of theirs.
BI: Final = _names(
    "academic_sessions activities activity_logs analytics_events assignment_categories assignments"
    " attendance_records attendance_rules attendance_submissions attendance_totals attendance_week_sums"
    " attendance_weeks bi_roles course_enrollments course_grades course_outcomes course_prerequisites"
    " course_standards courses discipline_actions discipline_incidents fitness_results fitness_tests"
    " fitness_zones grade_rules grade_scale_steps grade_scales grades guardians incident_participants"
    " learning_standards lesson_plan_standards lesson_plans pe_activity_preferences pe_lesson_plans"
    " predictions progress routine_activities routine_performance_metrics routines school_calendar_days"
    " schools section_sessions section_staff sections staff staff_assignments"
    " student_activity_performances student_features student_guardians student_programs"
    " student_school_enrollments students tenants training_feedback"
)
BY_SCHOOL: Final = frozenset({"attendance_week_sums", "student_school_enrollments"})


@dataclass(frozen=True)
class Viewer:
    """Somebody's transaction: its database role, its settings, and what the oracle says of them.

    ``students`` none = all of the tenant; ``tenant_id`` none = nothing was set.
    """

    name: str
    settings: dict[str, str] = field(default_factory=dict)
    tenant_id: int | None = None
    students: frozenset[UUID] | None = frozenset()
    role: str = "rollbook_app"
    school_id: UUID | None = None

    @property
    def is_bi(self) -> bool:
        return self.role.startswith("bi_")

    @property
    def is_owner(self) -> bool:
        return self.role == "rollbook_owner"


class UnknownTable(LookupError):
    """Nobody has said who sees this table."""


@dataclass(frozen=True)
class Oracle:
    """``rows``: of each table all there are, in any tenant, by key."""

    rows: dict[str, dict[str, Row]]

    def may(self, viewer: Viewer, table: Table, command: str) -> set[str]:
        """Return the keys of the rows that ``viewer`` may read, change or delete."""
        if not self.is_granted(viewer, table, command):
            return set()
        rule = self._rule(table, viewer)
        return {
            key
            for key, row in self.rows.get(table.name, {}).items()
            if rule(row) or _is_shown(viewer, table.name, row, command)
        }

    def may_insert(self, viewer: Viewer, table: Table, row: Row) -> bool:
        """Say whether ``viewer`` may add ``row``: seeing it is not needed where that goes by others."""
        if not self.is_granted(viewer, table, INSERT):
            return False
        if viewer.is_owner and table.name in {"audit_writes", "disclosures"}:
            return True
        if table.name.removesuffix("_history") in THROUGH or table.name == "source_records_history":
            return bool(row["tenant_id"] == viewer.tenant_id)
        return self._rule(table, viewer)(row) or _is_shown(viewer, table.name, row, INSERT)

    def is_granted(self, viewer: Viewer, table: Table, command: str) -> bool:
        """Say whether the database role may give ``command`` on ``table`` at all, be it on no row."""
        if viewer.is_owner:
            return True
        if viewer.is_bi:
            return command == SELECT and table.name.removesuffix("_history") in BI and not table.is_partition
        if table.is_partition:
            return False
        if table.name.endswith("_history") or table.name in READ_ONLY:
            return command == SELECT
        return not (
            (command == DELETE and table.name in NEVER_DELETED)
            or (command == UPDATE and table.name in NEVER_CHANGED)
        )

    def _rule(self, table: Table, viewer: Viewer) -> Callable[[Row], bool]:
        about = self._about(table, viewer)
        if viewer.tenant_id is None or table.is_partition:
            return lambda _: False
        return lambda row: row["tenant_id"] == viewer.tenant_id and about(row)

    def _about(self, table: Table, viewer: Viewer) -> Callable[[Row], bool]:
        name = table.name.removesuffix("_history")
        if viewer.is_bi and name == "bi_roles":
            return lambda row: bool(row["role_name"] == viewer.role)
        if viewer.is_bi and name in BY_SCHOOL:
            return lambda row: viewer.school_id is None or UUID(row["school_id"]) == viewer.school_id
        return self._about_students(table, name, viewer.students)

    def _about_students(
        self, table: Table, name: str, students: frozenset[UUID] | None
    ) -> Callable[[Row], bool]:
        if name in STRUCTURE:
            return lambda _: True
        if table.is_partition or name in KEYED or (name in OF_THE_WHOLE and students is not None):
            return lambda _: False
        if students is None:
            return lambda _: True
        if name in THROUGH:
            column, through = THROUGH[name]
            seen = {row[column] for row in self.rows[through].values() if UUID(row["student_id"]) in students}
            return lambda row: row[column] in seen
        if "student_id" not in table.columns:
            raise UnknownTable(table.name)
        return lambda row: (
            name in OR_NOBODY if row["student_id"] is None else UUID(row["student_id"]) in students
        )


# What opens a row to who reads, whatever its tenant: a column, and the setting that has to have its value.
_OPENED: Final = {
    "users": ("email", "sign_in_email"),
    "user_sessions": ("token_hash", "session_hash"),
    "known_devices": ("token_hash", "device_hash"),
    "access_tokens": ("token_hash", "bearer_hash"),
    "api_keys": ("key_hash", "bearer_hash"),
}


def _is_shown(viewer: Viewer, table: str, row: Row, command: str) -> bool:
    """Say whether something that the transaction has shown or named opens the row."""
    if viewer.is_bi:
        return False
    shown = {name.removeprefix("rollbook."): value for name, value in viewer.settings.items()}
    if table == "tenants" and row["slug"] == shown.get("tenant_slug"):
        return True
    if table == "sign_in_tries":
        return _is_try_shown(row, shown.get("try_keys", ""), command)
    if command != SELECT:
        return False
    if table in _OPENED:
        column, name = _OPENED[table]
        if name in shown and str(row[column]).removeprefix("\\x") == shown[name]:
            return True
    has_old_hash = (row.get("password_hash") or "").startswith("$2")
    counts = has_old_hash or shown.get("counts_emails") == "yes"
    return viewer.is_owner and (table == "tenants" or (table == "users" and counts))


def _is_try_shown(row: Row, keys: str, command: str) -> bool:
    """A try is shown to who names its key; a stale one to who sweeps."""
    if keys == "stale":
        return command in {SELECT, DELETE} and row["last_failed_at"] < "2026"
    return row["key_hash"].removeprefix("\\x") in keys.split(",")
