"""Grade scales: defined once, one default, versions kept, wrong ones refused."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from rollbook.core.tenancy import Tenant
from rollbook.grades.scales import (
    STANDARD,
    Bonuses,
    Scale,
    ScaleInvalid,
    ScaleNotFound,
    ScaleTaken,
    Step,
    add_standard_scale,
    define_scale,
    find_scale,
    list_scales,
)

PASS = Step("P", None, None)
OURS = Scale(
    "ours",
    "Ours",
    False,
    Bonuses(),
    (Step("A", Decimal(50), Decimal(4)), Step("F", Decimal(0), Decimal(0)), PASS),
)


def test_the_standard_scale_is_the_default_where_there_is_none(db: Session, tenant: Tenant) -> None:
    add_standard_scale(db, tenant.tenant_id)

    (found,) = list_scales(db, tenant.tenant_id)
    assert found == STANDARD
    assert [step.grade_letter for step in found.steps][:3] == ["A", "A-", "B+"]
    with pytest.raises(ScaleTaken):
        add_standard_scale(db, tenant.tenant_id)


def test_only_one_scale_is_the_default(db: Session, tenant: Tenant) -> None:
    define_scale(db, tenant.tenant_id, replace(OURS, is_default=True))
    assert not add_standard_scale(db, tenant.tenant_id).is_default

    define_scale(db, tenant.tenant_id, STANDARD)

    assert {scale.scale_code: scale.is_default for scale in list_scales(db, tenant.tenant_id)} == {
        "4.0": True,
        "ours": False,
    }


def test_defining_anew_keeps_the_letters_that_were(db: Session, tenant: Tenant) -> None:
    define_scale(db, tenant.tenant_id, OURS)
    define_scale(db, tenant.tenant_id, OURS)
    versions = text("SELECT count(*) FROM grade_scale_steps_history")
    assert db.scalar(versions) == 0, "the same again writes nothing"

    anew = replace(OURS, steps=(Step("A", Decimal(60), Decimal(4)), PASS))
    define_scale(db, tenant.tenant_id, anew)

    assert find_scale(db, tenant.tenant_id, "ours") == anew
    assert db.scalar(versions) == 3


def test_there_are_only_scales_that_were_defined(db: Session, tenant: Tenant) -> None:
    with pytest.raises(ScaleNotFound):
        find_scale(db, tenant.tenant_id, "ours")
    assert list_scales(db, tenant.tenant_id) == []


@pytest.mark.parametrize(
    ("scale", "reason"),
    [
        (replace(OURS, steps=()), "no letter"),
        (replace(OURS, steps=(PASS, PASS)), "twice"),
        (replace(OURS, steps=(Step(" ", None, None),)), "empty"),
        (replace(OURS, steps=(Step("A", Decimal(101), None),)), "0 to 100"),
        (replace(OURS, steps=(Step("A", Decimal(9), None), Step("B", Decimal(9), None))), "same percent"),
        (replace(OURS, steps=(Step("A", Decimal(90), Decimal("5.5")),)), "points"),
        (replace(OURS, bonuses=Bonuses(Decimal(-1))), "bonus"),
    ],
)
def test_a_wrong_scale_is_refused(db: Session, tenant: Tenant, scale: Scale, reason: str) -> None:
    with pytest.raises(ScaleInvalid, match=reason):
        define_scale(db, tenant.tenant_id, scale)
    assert list_scales(db, tenant.tenant_id) == []
