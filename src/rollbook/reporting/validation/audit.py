"""Verbs of validation."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from rollbook.core.clock import now
from rollbook.core.progress import Report, Silent
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant
from rollbook.reporting.validation.checks import Check, Severity, written_checks
from rollbook.reporting.validation.every_table import composed_checks
from rollbook.roster.models import Student

EXAMPLES: Final = 5
LARGE_SECTION: Final = 60
_SILENT: Final = Silent()
_SQL: Final = named_sql(__package__, "distribution.sql")
_ORDER: Final = list(Severity)
_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. Shape: ``examples`` are keys, a few of ``count``."""

    check: str
    severity: Severity
    title: str
    count: int
    examples: Sequence[str]
    advice: str


@dataclass(frozen=True, slots=True)
class GradeOfSchool:
    """A grade of a school in its latest year. ``flag`` says what is not plausible about it."""

    school_code: str
    school_year: int
    grade_level: int | None
    students: int
    sections: int
    largest_section: int
    flag: str | None


@dataclass(frozen=True, slots=True)
class Audit:
    """What was looked at, and what was found: the worst first, then the most."""

    tenant: str
    audited_at: datetime
    checks: int
    findings: Sequence[Finding]
    distribution: Sequence[GradeOfSchool]


def all_checks() -> list[Check]:
    """Return every check."""
    return [*written_checks(), *composed_checks()]


def audit(db: Session, tenant: Tenant, *, examples: int = EXAMPLES, report: Report = _SILENT) -> Audit:
    """Ask every check of ``tenant``, whose whole must be in sight. Writes nothing."""
    at, checks = now(), all_checks()
    report.step("Checks", total=len(checks))
    values = {"today": at.astimezone(ZoneInfo(tenant.time_zone)).date(), "time_zone": tenant.time_zone}
    findings = [found for check in checks if (found := _ask(db, check, values, examples, report)) is not None]
    findings.sort(key=lambda found: (_ORDER.index(found.severity), -found.count, found.check))
    return Audit(tenant.slug, at, len(checks), findings, _distribution(db))


def students_shown(db: Session, done: Audit) -> Sequence[UUID]:
    """Return the students whose ids stand in what an audit shows."""
    examples = (example for found in done.findings for example in found.examples)
    ids = {UUID(one) for example in examples for one in _ID.findall(example)}
    return db.scalars(select(Student.student_id).where(Student.student_id.in_(ids))).all() if ids else []


def _ask(
    db: Session, check: Check, values: Mapping[str, object], examples: int, report: Report
) -> Finding | None:
    """Run one check; return what it found, if anything."""
    report.advance()
    count, shown = db.execute(
        text(
            f"WITH fault AS MATERIALIZED (\n{check.statement}\n)"  # noqa: S608 -- a query of ours
            " SELECT (SELECT count(*) FROM fault),"
            " ARRAY(SELECT example FROM fault ORDER BY example LIMIT :examples)"
        ),
        {"examples": examples} | {name: values[name] for name in check.takes},
    ).one()
    if not count:
        return None
    return Finding(check.name, check.severity, check.title, count, shown, check.advice)


def _distribution(db: Session) -> list[GradeOfSchool]:
    rows: Iterable[Any] = db.execute(_SQL["distribution"]).mappings()
    return [
        GradeOfSchool(
            **{name: value for name, value in row.items() if name != "is_outside_span"}, flag=_flag(row)
        )
        for row in rows
    ]


def _flag(row: Any) -> str | None:  # noqa: ANN401 -- a row of the query
    if row["is_outside_span"]:
        return "the school does not have this grade"
    if row["grade_level"] is None:
        return "no grade"
    if row["largest_section"] > LARGE_SECTION:
        return "a section is too large"
    return None
