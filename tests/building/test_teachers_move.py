"""Who taught a section before section_staff said it still teaches it, version by version, and back."""

from sqlalchemy import create_engine

from rollbook.ops import migrate
from rollbook.testing.databases import Database

BEFORE = "20261121_0870"
MOVE = "20261121_0900"
# The owner too sees rows only where a setting of the transaction shows them, unless told otherwise.
OPEN = ";".join(
    f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"
    for name in ("tenants", "staff", "courses", "sections", "section_staff")
    for table in (name, f"{name}_history")[: 1 if name == "tenants" else 2]
)
SETUP = """
INSERT INTO tenants (slug, name) VALUES ('oak', 'Oak'), ('elm', 'Elm');
INSERT INTO staff (tenant_id, staff_number, first_name, last_name)
SELECT tenant_id, number, number, number FROM tenants CROSS JOIN unnest(ARRAY['A', 'B']) AS number;
INSERT INTO courses (tenant_id, course_code, title) SELECT tenant_id, 'C', 'Chess' FROM tenants;
INSERT INTO sections (tenant_id, course_id, section_code, starts_on, ends_on, teacher_staff_id, known_at)
SELECT courses.tenant_id, course_id, code, '2025-09-01', '2025-12-19', staff_id, '2025-09-01'
FROM courses CROSS JOIN unnest(ARRAY['1', '2', '3']) AS code
LEFT JOIN staff ON courses.tenant_id = staff.tenant_id AND staff_number = 'A' AND code < '3';
UPDATE sections SET known_at = '2025-10-01', teacher_staff_id = staff_id
FROM staff WHERE sections.tenant_id = staff.tenant_id AND staff_number = 'B' AND section_code = '2'
"""
OLD = """
SELECT section_code, staff_number, versions.known_at::date::text
FROM (
    SELECT tenant_id, section_code, teacher_staff_id, known_at FROM sections
    UNION ALL SELECT tenant_id, section_code, teacher_staff_id, known_at FROM sections_history
) AS versions
LEFT JOIN staff ON staff.tenant_id = versions.tenant_id AND staff_id = teacher_staff_id
WHERE section_code <> '3'
"""
NEW = """
SELECT section_code, staff_number, versions.known_at::date::text
FROM (
    SELECT tenant_id, section_id, staff_id, known_at FROM section_staff
    UNION ALL SELECT tenant_id, section_id, staff_id, known_at FROM section_staff_history
) AS versions
JOIN sections USING (tenant_id, section_id) JOIN staff USING (tenant_id, staff_id)
"""
TAUGHT = [("1", "A", "2025-09-01"), ("2", "A", "2025-09-01"), ("2", "B", "2025-10-01")]


def test_teachers_are_moved_to_section_staff_and_back_losing_nobody(fresh_database: Database) -> None:
    url = fresh_database.owner_url
    migrate.downgrade(url, BEFORE)
    run(url, OPEN, SETUP)

    migrate.upgrade(url, MOVE)
    run(url, OPEN)
    assert rows(url, NEW) == sorted(TAUGHT * 2), "of both tenants"

    migrate.downgrade(url, BEFORE)
    run(url, OPEN)
    assert rows(url, OLD) == sorted(TAUGHT * 2)
    assert (
        rows(url, "SELECT 1 FROM sections WHERE section_code = '3' AND teacher_staff_id IS NULL")
        == [(1,)] * 2
    )

    migrate.upgrade(url)
    run(url, OPEN)
    assert rows(url, NEW) == sorted(TAUGHT * 2), "once, though the table kept them meanwhile"


def run(url: str, *statements: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in ";".join(statements).split(";"):
            connection.exec_driver_sql(statement)
    engine.dispose()


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = sorted(tuple(row) for row in connection.exec_driver_sql(query))
    engine.dispose()
    return found
