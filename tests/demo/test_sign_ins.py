"""One login per role: each works, sees what its role may see, and is this home's own."""

from datetime import date
from typing import Final

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from demo.districts import fill
from rollbook.access.service import visibility_of
from rollbook.accounts import service as accounts
from rollbook.accounts.models import Role, User
from rollbook.core.tenancy import Tenant, Visibility, look_through
from rollbook.demo.calendar import TODAY
from rollbook.demo.sign_ins import SignIn, ensure_sign_ins, password_for

ROLES: Final = {"district_admin", "principal", "counselor", "teacher", "guardian"}


@pytest.fixture
def sign_ins(db: Session, tenant: Tenant) -> dict[str, SignIn]:
    fill(db, tenant, 390)
    return {sign_in.role: sign_in for sign_in in ensure_sign_ins(db, tenant, TODAY, "a secret")}


def seen_by(db: Session, tenant: Tenant, sign_in: SignIn) -> int:
    user = accounts.sign_in(db, sign_in.email, sign_in.password).user
    look_through(db, visibility_of(db, user))
    count = db.scalar(text("SELECT count(*) FROM students")) or 0
    look_through(db, Visibility(tenant.tenant_id))
    return int(count)


def test_each_role_signs_in_and_sees_its_students(
    db: Session, tenant: Tenant, sign_ins: dict[str, SignIn]
) -> None:
    assert set(sign_ins) == ROLES

    seen = {role: seen_by(db, tenant, sign_in) for role, sign_in in sign_ins.items()}

    assert seen["district_admin"] == 390
    assert 0 < seen["teacher"] < seen["principal"] < 390
    assert 0 < seen["counselor"] <= seen["principal"], "one counselor has the whole of a small school"
    assert 0 < seen["guardian"] < 6
    assert sign_ins["guardian"].sees == f"the {seen['guardian']} students they answer for"


def test_again_is_the_same(db: Session, tenant: Tenant, sign_ins: dict[str, SignIn]) -> None:
    again = ensure_sign_ins(db, tenant, TODAY, "a secret")

    assert {sign_in.role: sign_in for sign_in in again} == sign_ins
    assert db.scalar(select(func.count()).select_from(User)) == len(ROLES)


@pytest.mark.slow
def test_a_new_secret_changes_the_passwords_of_who_is_there(
    db: Session, tenant: Tenant, sign_ins: dict[str, SignIn]
) -> None:
    changed = {s.role: s for s in ensure_sign_ins(db, tenant, TODAY, "another secret")}

    assert changed[Role.TEACHER].password != sign_ins[Role.TEACHER].password
    assert seen_by(db, tenant, changed[Role.TEACHER]) > 0


def test_a_tenant_without_staff_has_an_admin(db: Session, tenant: Tenant) -> None:
    (admin,) = ensure_sign_ins(db, tenant, date(2014, 11, 26), "a secret")

    assert admin.role is Role.DISTRICT_ADMIN


def test_a_password_is_long_and_nobody_elses() -> None:
    passwords = {password_for(email, secret) for email in ("a@x", "b@x") for secret in ("one", "two")}

    assert len(passwords) == 4
    assert {len(password) for password in passwords} == {17}
