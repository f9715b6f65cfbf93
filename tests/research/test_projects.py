"""Who sees a project's secret, and what makes no copy."""

import hmac
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from research.copies import rows, secret_of
from rollbook.core.tenancy import Tenant, Visibility, look_through
from rollbook.research.copying import (
    FolderTaken,
    KTooSmall,
    LOutOfRange,
    NobodyLeft,
    ProjectUnnamed,
    Wanted,
    deidentify,
)
from rollbook.research.models import ResearchProject
from rollbook.testing import factories as make


def test_a_secret_is_seen_by_who_sees_the_whole_tenant_alone(
    db: Session, tenant: Tenant, tmp_path: Path
) -> None:
    student, _ = make.create_student(db), make.create_student(db)
    deidentify(db, tenant, Wanted("growth", k=2), tmp_path / "copy")
    assert len(db.scalars(select(ResearchProject.secret)).all()) == 1

    look_through(db, Visibility(tenant.tenant_id, [student.student_id]))

    assert db.scalars(select(ResearchProject.secret)).all() == []


def test_a_stolen_database_does_not_tell_whose_pseudonym_is_whose(
    db: Session, tenant: Tenant, tmp_path: Path
) -> None:
    student, _ = make.create_student(db), make.create_student(db)
    deidentify(db, tenant, Wanted("growth", k=2), tmp_path / "copy")
    (kept,) = db.scalars(select(ResearchProject)).all()
    pseudonyms = {row["pseudonym"] for row in rows(tmp_path / "copy", "students")}

    def pseudonym(secret: bytes) -> str:
        return hmac.new(secret, f"student {student.student_id}".encode(), "sha256").hexdigest()[:32]

    assert pseudonym(kept.secret) not in pseudonyms
    assert pseudonym(secret_of(db, "growth")) in pseudonyms


def test_what_makes_no_copy_is_refused(db: Session, tenant: Tenant, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("kept")
    for _ in range(4):
        make.create_student(db)

    with pytest.raises(FolderTaken):
        deidentify(db, tenant, Wanted("growth"), tmp_path)
    with pytest.raises(ProjectUnnamed):
        deidentify(db, tenant, Wanted("  "), None)
    with pytest.raises(KTooSmall):
        deidentify(db, tenant, Wanted("growth", k=1), None)
    for diversity in (0, 5):
        with pytest.raises(LOutOfRange):
            deidentify(db, tenant, Wanted("growth", diversity=diversity), None)
    with pytest.raises(NobodyLeft):
        deidentify(db, tenant, Wanted("growth", k=5), tmp_path / "copy")
