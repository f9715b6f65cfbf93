"""A small format of files for the pipeline to import: schools, students, enrollments, marks."""

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Date, exists, func, literal, text

from places import OwnTenant
from rollbook.attendance.models import AttendanceRecord
from rollbook.core.progress import Report
from rollbook.core.schema import Json
from rollbook.intake.checks import check
from rollbook.intake.drop import stage_absent, stage_file
from rollbook.intake.format import Run, register
from rollbook.intake.layout import Code, Column, Layout, OneOf, Reference, Whole, Words
from rollbook.intake.outcome import Outcome
from rollbook.intake.pipeline import Request, run_import
from rollbook.intake.target import Close, Completeness, Delete, Keep, Target, table_of
from rollbook.roster.models import School, Student, StudentSchoolEnrollment

DAY: Final = Code("20[0-9]{2}-[01][0-9]-[0-3][0-9]", "a date such as 2025-09-01")
SCHOOLS: Final = Layout(
    "schools.csv",
    "stage_schools",
    (Column("code", Words(20)), Column("name", Words()), Column("kind", OneOf(("elementary", "high")))),
    ("code",),
)
STUDENTS: Final = Layout(
    "students.csv",
    "stage_students",
    (
        Column("number", Words(20)),
        Column("name", Words()),
        Column("grade", Whole(0, 12), is_required=False),
        Column("lunch", OneOf(("free", "reduced", "paid")), is_required=False),
        Column("since", Words(40), is_required=False),
    ),
    ("number",),
)
ENROLLMENTS: Final = Layout(
    "enrollments.csv",
    "stage_enrollments",
    (Column("number"), Column("school"), Column("entry", DAY)),
    ("number", "school", "entry"),
    (Reference(("number",), STUDENTS), Reference(("school",), SCHOOLS, ("code",))),
)
MARKS: Final = Layout(
    "marks.csv",
    "stage_marks",
    (Column("number"), Column("day", DAY), Column("mark", OneOf(("present", "absent", "tardy")))),
    ("number", "day"),
    (Reference(("number",), STUDENTS),),
)
LAYOUTS: Final = (SCHOOLS, STUDENTS, ENROLLMENTS, MARKS)
TYPE: Final = (
    """
    CREATE TEMP TABLE incoming_schools ON COMMIT DROP AS
    SELECT coalesce(schools.school_id, uuidv7()) AS school_id, stage.code AS school_code, stage.name,
        stage.kind AS school_type
    FROM stage_schools AS stage LEFT JOIN schools ON schools.school_code = stage.code
    """,
    """
    CREATE TEMP TABLE incoming_students ON COMMIT DROP AS
    SELECT coalesce(students.student_id, uuidv7()) AS student_id, stage.number AS student_number,
        stage.name AS last_name, stage.grade::smallint AS grade_level, stage.lunch AS economic_status,
        stage.since::timestamptz AS known_at
    FROM stage_students AS stage LEFT JOIN students ON students.student_number = stage.number
    """,
    """
    CREATE TEMP TABLE incoming_enrollments ON COMMIT DROP AS
    SELECT student_id, school_id, stage.entry::date AS entry_on, NULL::date AS exit_on, 2026 AS school_year
    FROM stage_enrollments AS stage
    JOIN ({students}) AS students ON students.student_number = stage.number
    JOIN ({schools}) AS schools ON schools.school_code = stage.school
    """,
    """
    CREATE TEMP TABLE incoming_marks ON COMMIT DROP AS
    SELECT student_id, stage.day::date AS date, 0::smallint AS period, stage.mark AS status,
        false AS is_gone
    FROM stage_marks AS stage JOIN ({students}) AS students ON students.student_number = stage.number
    """,
)
BOTH: Final = {
    "students": "SELECT student_id, student_number FROM incoming_students"
    " UNION SELECT student_id, student_number FROM students",
    "schools": "SELECT school_id, school_code FROM incoming_schools"
    " UNION SELECT school_id, school_code FROM schools",
}
CLOSED_ON: Final = date(2026, 1, 15)


@dataclass(frozen=True)
class Register:
    """The format. A delta says nothing of what it does not mention."""

    completeness: Completeness = Completeness.BULK
    closes_at_entry: bool = False
    name: str = "register 1.0"
    key: str = "register"

    @property
    def options(self) -> Json:
        return {"completeness": self.completeness.value}

    def stage(self, run: Run) -> None:
        for layout in LAYOUTS:
            member = run.archive.find(layout.file)
            if member:
                stage_file(run, layout, member)
            else:
                stage_absent(run, layout)

    def check(self, run: Run) -> None:
        for layout in LAYOUTS:
            known = layout if not run.is_retry else replace_references(layout)
            check(run.db, known, run.rejects)

    def type_rows(self, run: Run) -> None:
        for query in TYPE:
            run.db.execute(text(query.format(**BOTH) if "{" in query else query))

    def targets(self, run: Run) -> Sequence[Target]:
        completeness = Completeness.DELTA if run.is_retry else self.completeness
        enrolled, marks = table_of(StudentSchoolEnrollment), table_of(AttendanceRecord)
        students = table_of(Student)
        closed_on = enrolled.c.entry_on if self.closes_at_entry else literal(CLOSED_ON, Date)
        open_now = exists().where(
            enrolled.c.tenant_id == students.c.tenant_id,
            enrolled.c.student_id == students.c.student_id,
            enrolled.c.exit_on.is_(None),
        )
        return (
            Target(
                table=table_of(School),
                incoming="incoming_schools",
                file="schools.csv",
                key=("school_id",),
                compared=("school_code", "name", "school_type"),
                completeness=completeness,
            ),
            Target(
                table=students,
                incoming="incoming_students",
                file="students.csv",
                key=("student_id",),
                compared=("student_number", "last_name", "grade_level", "economic_status"),
                completeness=completeness,
                leaving=Keep(),
                scope=open_now,
                has_known_at=True,
                is_watched=True,
            ),
            Target(
                table=enrolled,
                incoming="incoming_enrollments",
                file="enrollments.csv",
                key=("student_id", "school_id", "entry_on"),
                compared=("exit_on",),
                inserted=("school_year",),
                completeness=completeness,
                leaving=Close("exit_on", func.greatest(enrolled.c.entry_on, closed_on)),
                is_watched=True,
            ),
            Target(
                table=marks,
                incoming="incoming_marks",
                file="marks.csv",
                key=("student_id", "date", "period"),
                compared=("status",),
                completeness=completeness,
                leaving=Delete(),
                has_gone=True,
                month="date",
            ),
        )


def replace_references(layout: Layout) -> Layout:
    return Layout(layout.file, layout.stage, layout.columns, layout.key)


register("register", lambda options: Register(Completeness(options["completeness"])))

FILES: Final = {
    "schools.csv": "code,name,kind\nOAK,Oak,elementary\nELM,Elm,high\n",
    "students.csv": "number,name,grade,lunch,since\n"
    "1,Ada,3,free,2025-09-01T08:00:00Z\n2,Ben,4,paid,\n3,Cyd,,,2025-09-02T08:00:00Z\n4,Dee,9,reduced,\n",
    "enrollments.csv": "number,school,entry\n1,OAK,2025-09-01\n2,OAK,2025-09-01\n3,OAK,2025-09-01\n"
    "4,ELM,2025-09-01\n",
    "marks.csv": "number,day,mark\n1,2025-09-01,present\n1,2025-10-02,absent\n2,2025-09-01,tardy\n"
    "4,2025-11-03,present\n",
}


@dataclass
class Drop:
    """A drop of the register in ``directory``; without another word it is fine."""

    directory: Path
    files: dict[str, bytes] = field(
        default_factory=lambda: {name: content.encode() for name, content in FILES.items()}
    )

    def change(self, file: str, old: str, new: str | bytes) -> "Drop":
        before, after = old.encode(), new if isinstance(new, bytes) else new.encode()
        assert self.files[file].count(before) == 1, "the place to change is not there once"
        self.files[file] = self.files[file].replace(before, after)
        return self

    def add(self, file: str, *lines: str) -> "Drop":
        self.files[file] += "".join(f"{line}\n" for line in lines).encode()
        return self

    def write(self) -> Path:
        path = self.directory / "drop.zip"
        self.directory.mkdir(exist_ok=True)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, content in self.files.items():
                packed.writestr(name, content)
        return path


@dataclass(frozen=True)
class District(OwnTenant):
    """A tenant of the test's own, into which drops are imported."""

    url: str
    slug: str = "oak-valley"

    def bring(
        self,
        drop: Drop | Path,
        form: Register | None = None,
        report: Report | None = None,
        **options: Any,  # noqa: ANN401 -- as Request's
    ) -> Outcome:
        path = drop.write() if isinstance(drop, Drop) else drop
        given = {"tenant": self.slug, "source": "sis", "who": "ada", "new_tenant": True, **options}
        return run_import(self.url, path, form or Register(), Request(**given), report)


def counts(outcome: Outcome) -> Mapping[str, tuple[int, ...]]:
    """Return what was written: new, changed, closed, deleted."""
    return {t: (c.new, c.changed, c.closed, c.deleted) for t, c in outcome.counts.items()}
