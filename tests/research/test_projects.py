"""Who sees a project's secret, and what makes no copy."""

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from rollbook.core.tenancy import Tenant, Visibility, look_through
from rollbook.research.copying import (
    FolderTaken,
    KTooSmall,
    NobodyLeft,
    ProjectUnnamed,
    Wanted,
    deidentify,
)
from rollbook.research.models import ResearchProject
from rollbook.testing import factories as make


def test_a_secret_is_seen_by_who_sees_the_whole_tenant_alone(db: Session, tenant: Tenant) -> None:
    student = make.create_student(db)
    db.add(ResearchProject(tenant_id=tenant.tenant_id, name="growth", secret=b"s" * 32))
    db.flush()
    assert len(db.scalars(select(ResearchProject.secret)).all()) == 1

    look_through(db, Visibility(tenant.tenant_id, [student.student_id]))

    assert db.scalars(select(ResearchProject.secret)).all() == []


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
    with pytest.raises(NobodyLeft):
        deidentify(db, tenant, Wanted("growth", k=5), tmp_path / "copy")
