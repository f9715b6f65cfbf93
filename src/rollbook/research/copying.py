"""Verb deidentify: a copy of the records for research, in which no student can be told from k - 1 others.

Everything is done by the database: pseudonyms and shifts are digests under the project's secret, files come
out of COPY. What others may know of a student (the quasi-identifiers, and all dates together) is generalised
or left out until k students share it.
"""

import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast
from uuid import UUID

from psycopg import Connection
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from rollbook.core import clock
from rollbook.core.encryption import Column
from rollbook.core.errors import Conflict, Invalid
from rollbook.core.output import as_json, write_csv
from rollbook.core.progress import Report, Silent
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant
from rollbook.research.generalising import HIERARCHIES, ClassRule, Levels, choose_levels, expressions
from rollbook.research.models import ResearchCopy, ResearchProject
from rollbook.research.summary import summarise

_SQL: Final = named_sql("rollbook.research")
FILES: Final = {
    "students": "students_file",
    "school_enrollments": "school_enrollments_file",
    "course_outcomes": "course_outcomes_file",
    "incidents": "incidents_file",
    "absences": "absences_file",
}
"""The copy's files, and the query of each."""
_STEPS: Final = (
    *("number_classes", "blur_rare", "number_classes", "leave_out_rare"),
    *("give_dates", "give_fewer_days", "give_fewer_stays"),
)
MANIFEST: Final = "manifest.json"
SUMMARY: Final = "summary.csv"
WEEKS: Final = 26
MOST_DIVERSE: Final = 4
"""Incidents are told as 0, 1, 2 or 3+."""
_NEW_ID: Final = text("SELECT uuidv7()")
_SECRET_BYTES: Final = 32
_BLOCK: Final = 64
_LONGEST_NAME: Final = 100


class FolderTaken(Conflict):
    """{folder} is there already and not empty. Name a new folder."""


class ProjectUnnamed(Invalid):
    """A project's name is 1 to 100 letters."""


class KTooSmall(Invalid):
    """k is {k}: with fewer than 2 alike, everybody is told apart."""


class LOutOfRange(Invalid):
    """l is {diversity}: a class has from 1 to {most} values of what is not for everybody to know."""


class NobodyLeft(Conflict):
    """No {k} students are alike, even with nothing told of them: too few for a copy. Ask for less k or l."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a copy is to be; ``diversity`` is l, how many values of a sensitive column a class has at least.

    ``k`` = 1 is for tests alone: nothing is generalised, and anybody is found.
    """

    project: str
    k: int = 5
    cells: int = 10
    most_weeks: int = WEEKS
    diversity: int = 1


@dataclass(slots=True)
class Manifest:
    """What a copy tells and what not. ``l_diversity``: how many values of a column a class has at least."""

    project: str
    made_at: datetime
    students: int
    k: int
    k_wanted: int
    classes: int
    l_diversity: dict[str, int]
    l_wanted: int
    generalised: dict[str, str]
    left_out: int
    blurred: int
    without_dates: int
    without_days: int
    most_weeks_shifted: int
    summary_hidden: int = 0
    is_synthetic: bool = False
    rows: dict[str, int] = field(default_factory=dict)


def deidentify(
    db: Session, tenant: Tenant, wanted: Wanted, folder: Path | None, report: Report | None = None
) -> Manifest:
    """Write a copy of the tenant's records to ``folder``; None: only say what it would tell.

    Raises: ``FolderTaken``; ``ProjectUnnamed``; ``KTooSmall``; ``LOutOfRange``; ``NobodyLeft``;
    ``RingMissing``.
    """
    if not 0 < len(wanted.project.strip()) <= _LONGEST_NAME:
        raise ProjectUnnamed
    if wanted.k < 2:  # noqa: PLR2004 -- as the message says
        raise KTooSmall(k=wanted.k)
    if not 1 <= wanted.diversity <= MOST_DIVERSE:
        raise LOutOfRange(diversity=wanted.diversity, most=MOST_DIVERSE)
    if folder is not None and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderTaken(folder=folder)
    return make_copy(db, tenant, wanted, folder, report or Silent())


def make_copy(db: Session, tenant: Tenant, wanted: Wanted, folder: Path | None, report: Report) -> Manifest:
    """Do ``deidentify`` with what is checked.

    Raises: ``NobodyLeft``.
    """
    report.step("Looking at what tells students apart")
    # a dry run makes no project: what it computes with is drawn for it, and forgotten
    secret = _secret(_project(db, tenant, wanted.project)) if folder else secrets.token_bytes(_SECRET_BYTES)
    _take_people(db, tenant, secret, wanted.most_weeks)
    rule = _rule(db, wanted)
    levels = choose_levels(db, rule)
    release(db, levels, rule)
    manifest = _describe(db, tenant, wanted, levels)
    if folder is not None:
        report.step("Writing", len(FILES))
        folder.mkdir(parents=True, exist_ok=True)
        _write(db, folder, manifest, wanted, report)
        _note(db, tenant, manifest)
    return manifest


def _rule(db: Session, wanted: Wanted) -> ClassRule:
    """Return what each class must have; of what nobody in the district differs in, no class can."""
    there = db.execute(_SQL["values_there_are"]).one()
    least = {f"l_{name}": min(wanted.diversity, values) for name, values in there._asdict().items()}
    return ClassRule(wanted.k, **least)


def release(db: Session, levels: Levels, rule: ClassRule) -> None:
    """Make the rows that are told of students."""
    db.execute(_SQL["keep_released"])
    db.execute(text("TRUNCATE research_released"))
    chosen = ", ".join(expressions(levels))
    db.execute(
        text(
            "INSERT INTO research_released SELECT student_id, pseudonym, shift_days,"  # noqa: S608 -- names of ours
            f" {chosen}, courses_failed, incidents, 'none', school_dates, other_dates, NULL"
            " FROM research_people"
        )
    )
    for step in _STEPS:
        db.execute(_SQL[step], rule.facts)


def _project(db: Session, tenant: Tenant, name: str) -> ResearchProject:
    """Return the project, made now with a secret of its own if it is new."""
    this = ResearchProject.tenant_id == tenant.tenant_id, ResearchProject.name == name
    project = db.scalar(select(ResearchProject).where(*this))
    if project is None:
        project_id: UUID = db.execute(_NEW_ID).scalar_one()
        secret = _secrets_of(tenant.tenant_id).seal(project_id, secrets.token_hex(_SECRET_BYTES))
        project = ResearchProject(tenant_id=tenant.tenant_id, project_id=project_id, name=name, secret=secret)
        db.add(project)
        db.flush()
    return project


def _secret(project: ResearchProject) -> bytes:
    opened = _secrets_of(project.tenant_id).open(project.project_id, project.secret)
    return bytes.fromhex(opened or "")


def _secrets_of(tenant_id: int) -> Column:
    return Column(tenant_id, ResearchProject.__tablename__, "secret")


def _take_people(db: Session, tenant: Tenant, secret: bytes, most_weeks: int) -> None:
    key = secret.ljust(_BLOCK, b"\0")
    pads = {"inner_pad": bytes(byte ^ 0x36 for byte in key), "outer_pad": bytes(byte ^ 0x5C for byte in key)}
    db.execute(_SQL["keep_people"])
    db.execute(text("TRUNCATE research_people"))
    db.execute(_SQL["take_people"], {"tenant_id": tenant.tenant_id, "most_weeks": most_weeks, **pads})
    db.execute(text("ANALYZE research_people"))


def _describe(db: Session, tenant: Tenant, wanted: Wanted, levels: Levels) -> Manifest:
    achieved = db.execute(_SQL["achieved"]).one()
    losses = db.execute(_SQL["losses"]).one()
    if not achieved.students:
        raise NobodyLeft(k=wanted.k)
    return Manifest(
        project=wanted.project,
        made_at=clock.now(),
        students=achieved.students,
        k=achieved.k,
        k_wanted=wanted.k,
        classes=achieved.classes,
        l_diversity={"courses_failed": achieved.l_courses_failed, "incidents": achieved.l_incidents},
        l_wanted=wanted.diversity,
        generalised={name: _in_words(name, level) for name, level in levels.items()},
        left_out=losses.left_out,
        blurred=losses.blurred,
        without_dates=losses.without_dates,
        without_days=losses.without_days,
        most_weeks_shifted=wanted.most_weeks,
        is_synthetic=tenant.is_synthetic,
    )


def _in_words(name: str, level: int) -> str:
    last = len(HIERARCHIES[name][0]) - 1
    return "not told" if level == last else "as it is" if level == 0 else "in groups"


def _write(db: Session, folder: Path, manifest: Manifest, wanted: Wanted, report: Report) -> None:
    for name, query in FILES.items():
        manifest.rows[name] = _copy(db, _SQL[query].text, folder / f"{name}.csv")
        report.advance()
    counts = db.execute(_SQL["counts_for_summary"]).all()
    lines, manifest.summary_hidden = summarise([tuple(row) for row in counts], wanted.cells)
    _write_lines(folder / SUMMARY, lines)
    (folder / MANIFEST).write_text(as_json(manifest) + "\n", encoding="utf-8")


def _copy(db: Session, query: str, path: Path) -> int:
    """Copy a query's rows to a file; return how many there are."""
    raw = cast("Connection[Any]", db.connection().connection.driver_connection)
    rows = -1
    statement = f"COPY ({query.rstrip().rstrip(';')}) TO STDOUT (FORMAT csv, HEADER, ENCODING 'UTF8')"
    with path.open("wb") as file, raw.cursor() as cursor, cursor.copy(cast("Any", statement)) as copy:
        for line in copy:
            file.write(bytes(line))
            rows += 1
    return rows


def _write_lines(path: Path, lines: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        write_csv(file, lines[0], lines[1:])


def _note(db: Session, tenant: Tenant, manifest: Manifest) -> None:
    """Keep what was made: the audit says who did it, and when."""
    project = _project(db, tenant, manifest.project)
    facts = json.loads(as_json(manifest))
    key = {"tenant_id": tenant.tenant_id, "project_id": project.project_id}
    db.add(ResearchCopy(**key, k=manifest.k, manifest=facts))
    db.flush()
