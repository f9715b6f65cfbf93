"""Who writes to a month that lies in the archive is told so, and not that the database does not answer."""

from sqlalchemy import text

from rollbook.core.database import engine_for
from rollbook.core.tenancy import Visibility, transaction
from web.clients import SignIn
from web.writing_cast import TODAY, World

KEEP = text(
    "INSERT INTO archives"
    " (tenant_id, table_name, month, file, row_count, checksum, sha256, size_bytes, key_id)"
    " VALUES (:tenant_id, 'attendance_records', :month, 'x', 1, '', '', 1, '')"
)


def test_attendance_of_an_archived_month_is_refused_with_what_to_do(world: World, sign_in: SignIn) -> None:
    student = world.student("Ada Archived")
    owner, facts = engine_for(world.owner_url), {"tenant_id": world.tenant.tenant_id}
    body = {"date": str(TODAY), "marks": [{"student_id": str(student.student_id), "status": "absent"}]}
    path = f"/api/v1{world.algebra_path}/attendance"
    teacher = sign_in("teacher")
    with transaction(owner, Visibility(world.tenant.tenant_id)) as db:
        db.execute(KEEP, facts | {"month": TODAY.replace(day=1)})
    try:
        refused = teacher.post(path, json=body)
    finally:
        with transaction(owner, Visibility(world.tenant.tenant_id)) as db:
            db.execute(text("DELETE FROM archives"))

    assert (refused.status_code, refused.json()["code"]) == (409, "MonthArchived")
    assert f"rollbook archive restore attendance_records {TODAY:%Y-%m}" in refused.json()["detail"]
    assert teacher.post(path, json=body).is_success
    owner.dispose()
