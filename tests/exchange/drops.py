"""A small OULAD drop, to be spoiled line by line, and a look at all that a database holds."""

import gzip
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from psycopg import sql
from sqlalchemy import make_url

from rollbook.exchange.oulad import ImportSummary
from rollbook.ops.embedded import connect_as_superuser
from rollbook.testing.databases import Database, TestServer

# Student 7 withdraws on day 12, 8 passes with a banked and an unmarked piece of work, 9 comes back later.
FILES = {
    "courses.csv": """\
code_module,code_presentation,module_presentation_length
AAA,2013J,268
AAA,2014B,240
""",
    "studentInfo.csv": """\
code_module,code_presentation,id_student,gender,region,highest_education,imd_band,age_band,\
num_of_prev_attempts,studied_credits,disability,final_result
AAA,2013J,7,M,Scotland,HE Qualification,10-20,0-35,0,60,False,Withdrawn
AAA,2013J,8,F,South Region,A Level or Equivalent,,35-55,1,120,True,Pass
AAA,2013J,9,F,London Region,Lower Than A Level,?,0-35,0,60,N,Fail
AAA,2014B,9,F,London Region,Lower Than A Level,90-100%,0-35,1,60,Y,Distinction
""",
    "studentRegistration.csv": """\
code_module,code_presentation,id_student,date_registration,date_unregistration
AAA,2013J,7,-30,12
AAA,2013J,8,-159,
AAA,2013J,9,,?
AAA,2014B,9,-5,
""",
    "assessments.csv": """\
code_module,code_presentation,id_assessment,assessment_type,date,weight
AAA,2013J,101,TMA,19,10.0
AAA,2013J,102,TMA,54,90
AAA,2013J,103,Exam,,100
AAA,2014B,201,CMA,19,12.5
""",
    "studentAssessment.csv": """\
id_assessment,id_student,date_submitted,is_banked,score
101,7,18,False,78
101,8,-1,True,60.5
102,8,52,0,?
101,9,20,0,
201,9,18,1,100
""",
    "vle.csv": """\
id_site,code_module,code_presentation,activity_type,week_from,week_to
501,AAA,2013J,resource,,
502,AAA,2013J,oucontent,1,2
""",
    "studentVle.csv": """\
code_module,code_presentation,id_student,id_site,date,sum_click
AAA,2013J,8,501,-10,4
AAA,2013J,8,502,-10,1
AAA,2013J,8,501,0,2
AAA,2013J,9,501,31,7
""",
}


ENROLLMENTS = """
    SELECT student_number::int, section_code, enrolled_on, withdrawn_on, {table}.known_at
    FROM {table} JOIN students USING (student_id) JOIN sections USING (section_id) ORDER BY 1, 2
"""
GRADES = """
    SELECT student_number::int, assignment_code, grade_value, submitted_on, is_carried_over, {table}.known_at
    FROM {table} JOIN students USING (student_id) JOIN assignments USING (assignment_id) ORDER BY 1, 2
"""


def day(year: int, month: int, number: int) -> datetime:
    return datetime(year, month, number, tzinfo=UTC)


def tables(summary: ImportSummary) -> dict[str, tuple[int, int, int]]:
    return {t.table: (t.inserted, t.updated, t.unchanged) for t in summary.tables}


@dataclass
class Drop:
    """The files in ``directory``; without another word they are fine."""

    directory: Path
    files: dict[str, bytes] = field(
        default_factory=lambda: {name: text.encode() for name, text in FILES.items()}
    )

    def change(self, file: str, old: str | bytes, new: str | bytes) -> "Drop":
        before, after = (part if isinstance(part, bytes) else part.encode() for part in (old, new))
        assert self.files[file].count(before) == 1, "the place to change is not there once"
        self.files[file] = self.files[file].replace(before, after)
        return self

    def write(self) -> Path:
        self.directory.mkdir(exist_ok=True)
        for file in self.directory.iterdir():
            file.unlink()
        for name, content in self.files.items():
            packed = gzip.compress(content) if name.endswith(".gz") else content
            (self.directory / name).write_bytes(packed)
        return self.directory


def everything(server: TestServer, database: Database) -> dict[str, list[str]]:
    """Return every row of every table, whoever it belongs to; receipts aside, and the audit of them."""
    name = make_url(database.url).database
    assert name
    with connect_as_superuser(server.settings, name) as db:
        tables = db.execute(
            "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = 'public'::regnamespace AND relname NOT IN ('alembic_version', 'imports')"
        ).fetchall()
        query = sql.SQL(
            "SELECT t::text FROM {} AS t"
            " WHERE to_jsonb(t) ->> 'table_name' IS DISTINCT FROM 'imports' ORDER BY 1"
        )
        return {
            str(table): [
                str(row) for (row,) in db.execute(query.format(sql.Identifier(str(table)))).fetchall()
            ]
            for (table,) in tables
        }


def is_empty(contents: dict[str, list[str]]) -> bool:
    return not any(contents.values())
