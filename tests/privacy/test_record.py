"""The record is complete, says who was shown it and who wrote it, and tells nobody else's secrets."""

import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from privacy.cast import STRINGS, Cast
from rollbook.audit import reading
from rollbook.core.output import as_json
from rollbook.core.tenancy import Tenant
from rollbook.privacy.record import CompleteRecord, Handing, complete_record
from rollbook.roster.service import StudentNotFound

Kept = tuple[Session, Tenant, Cast]
TO_STAFF = Handing("the records office", "a request in writing", "34 CFR 99.10")
TO_MOTHER = Handing("the mother", "she asked", "34 CFR 99.10", is_to_family=True)
# What the catalogue itself says is about a student, asked without any of the product's own lists.
COLUMNS = text(
    "SELECT relname FROM pg_class INNER JOIN pg_attribute ON attrelid = pg_class.oid"
    " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition"
    " AND attname = 'student_id' ORDER BY relname"
)


@pytest.fixture(scope="module")
def record(kept: Kept) -> CompleteRecord:
    db, tenant, cast = kept
    return complete_record(db, tenant, cast.student_id, TO_STAFF)


def test_it_has_every_row_that_the_catalogue_ties_to_the_student(kept: Kept, record: CompleteRecord) -> None:
    db, _, cast = kept
    counted = {}
    for name in db.scalars(COLUMNS).all():
        query = text(f"SELECT count(*) FROM {name} WHERE student_id = :id")
        counted[name] = db.execute(query, {"id": cast.student_id}).scalar_one()
    told = {name: len(section.rows) for name, section in record.sections.items()}
    told |= {f"{name}_history": len(section.superseded) for name, section in record.sections.items()}

    assert {name: told[name] for name in counted} == counted
    assert len([name for name, rows in counted.items() if rows]) > 20, (
        "the cast has something nearly everywhere"
    )


def test_nothing_known_of_the_student_is_missing(record: CompleteRecord) -> None:
    told = as_json(record)

    assert [name for name, said in STRINGS.items() if said not in told] == []
    assert record.student["name"] == "Zebulon Quixotewicz"


def test_what_is_tied_by_a_rule_is_in_it(kept: Kept, record: CompleteRecord) -> None:
    _, _, cast = kept
    rows = {name: section.rows for name, section in record.sections.items()}

    assert {row["guardian_id"] for row in rows["guardians"]} >= {cast.father_id}
    assert {row["incident_id"] for row in rows["discipline_incidents"]} >= {
        cast.incident_id,
        cast.shared_incident_id,
    }
    assert [row["user_id"] for row in rows["users"]] == [cast.account.user_id]
    assert len(rows["user_grants"]) == 1
    assert {row["record_type"] for row in rows["source_records"]} == {"users", "userProfiles"}
    assert len(rows["intake_rejects"]) == 1


def test_it_has_superseded_versions_predictions_with_reasons_and_feedback(record: CompleteRecord) -> None:
    names = {row["last_name"] for row in record.sections["students"].superseded}
    (estimate,) = record.sections["predictions"].rows
    (feedback,) = record.sections["training_feedback"].rows

    assert STRINGS["former_name"] in names
    assert estimate["risk_factors"][0]["description"] == "3 of 5 assignments were not handed in"
    assert feedback["educator_notes"] == STRINGS["note"]


def test_it_says_who_wrote_it_and_who_was_shown_it_this_time_too(kept: Kept, record: CompleteRecord) -> None:
    _, _, cast = kept
    changed = [w for w in record.writes if w["table_name"] == "students" and w["command"] == "UPDATE"]
    shown = {(row["user_id"], row["what"], row["purpose"]) for row in record.sections["disclosures"].rows}

    assert STRINGS["last_name"] in {(w["change"]["new"] or {}).get("last_name") for w in changed}
    assert (cast.mother.user_id, "GET /students/{student_id}", STRINGS["purpose"]) in shown
    assert (None, "complete record", "to the records office: a request in writing") in shown


def test_no_secret_is_in_it(record: CompleteRecord) -> None:
    (account,) = record.sections["users"].rows

    assert "password_hash" not in account
    assert "argon2" not in as_json(record)


def test_nobody_elses_rows_are_in_it(kept: Kept, record: CompleteRecord) -> None:
    _, _, cast = kept
    parts = record.sections["incident_participants"].rows

    assert str(cast.classmate_id) not in as_json(record)
    assert {row["student_id"] for row in parts} == {cast.student_id}


def test_ids_have_names(record: CompleteRecord) -> None:
    schools = {str(row["school_id"]) for row in record.sections["student_school_enrollments"].rows}

    assert schools <= set(record.names)
    assert all(record.names[each] for each in schools)


def test_the_family_is_not_told_what_is_others_own(kept: Kept) -> None:
    db, tenant, cast = kept
    told = complete_record(db, tenant, cast.student_id, TO_MOTHER)
    whole = as_json(told)
    incidents = {row["incident_id"]: row for row in told.sections["discipline_incidents"].rows}

    assert "piotr@oak.example" not in whole
    assert "555-0166" not in whole
    assert incidents[cast.incident_id]["description"] == "Zebulon threw zq-chalk"
    assert incidents[cast.shared_incident_id]["description"] is None
    assert len(told.withheld) == 2


def test_a_guardian_is_told_their_own_address(kept: Kept) -> None:
    db, tenant, cast = kept
    handing = Handing("the mother", "she asked", "guardian", guardian=cast.mother.user_id, is_to_family=True)
    told = complete_record(db, tenant, cast.student_id, handing)
    guardians = {row["first_name"]: row for row in told.sections["guardians"].rows}

    assert guardians["Maria"]["phone"] == STRINGS["guardian_phone"]
    assert guardians["Piotr"]["phone"] is None


def test_the_shape_is_the_documented_one(record: CompleteRecord) -> None:
    told: dict[str, Any] = json.loads(as_json(record))

    assert list(told) == [
        *("shape", "made_at", "tenant", "student", "handed", "sections", "writes", "names", "withheld"),
    ]
    assert told["shape"] == 1
    assert set(told["sections"]["students"]) == {"title", "says", "rows", "superseded"}


def test_who_is_not_there_has_no_record(kept: Kept) -> None:
    db, tenant, _ = kept

    with pytest.raises(StudentNotFound):
        complete_record(db, tenant, UUID(int=7), TO_STAFF)


def test_without_a_note_nothing_is_handed_out(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    db, tenant, cast = kept
    failing = text("SELECT 1 / 0, cast(:students AS uuid[]), :what, :interest, :purpose")
    monkeypatch.setattr(reading, "SQL", {**reading.SQL, "disclose": failing})

    savepoint = db.begin_nested()
    with pytest.raises(reading.DisclosureUnwritten):
        complete_record(db, tenant, cast.student_id, TO_STAFF)
    savepoint.rollback()
