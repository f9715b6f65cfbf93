"""What is forgiven with --lenient, and told; what is not guessed even then."""

from collections.abc import Callable

import pytest

from exchange.oneroster.bundles import District, Drop
from rollbook.exchange.oneroster.tables import TABLES
from rollbook.intake.refusals import ImportRefused


def forgiven(district: District, drop: Drop) -> set[str]:
    """Bring a drop kindly; return what was told."""
    outcome = district.bring(drop, is_lenient=True)
    assert outcome.rejected == 0
    return {str(one) for one in outcome.liberties}


LIBERTIES: dict[str, tuple[Callable[[Drop], object], str]] = {
    "time in a date": (
        lambda drop: drop.change("roles", "r1", beginDate="2025-08-18T00:00:00.000Z"),
        "roles.csv: has a time in beginDate",
    ),
    "American dates": (
        lambda drop: drop.change("demographics", "u1", birthDate="5/30/2011"),
        "demographics.csv: writes birthDate as month/day/year",
    ),
    "words in another case": (
        lambda drop: drop.change("classes", "alg-1", classType="Scheduled"),
        "classes.csv: writes classType in another case",
    ),
    "flags in another case": (
        lambda drop: drop.change("users", "u1", enabledUser="TRUE"),
        "users.csv: writes enabledUser not as true or false",
    ),
    "1.1's lifecycle in bulk": (
        lambda drop: drop.change("orgs", "oak", status="active", dateLastModified="2025-08-01"),
        "orgs.csv: has a status in a bulk file",
    ),
    "blanks around": (
        lambda drop: drop.change("enrollments", "e1", userSourcedId=" u1 "),
        "enrollments.csv: has blanks around userSourcedId",
    ),
    "a line break": (
        lambda drop: drop.change("orgs", "oak", name="Oak\nElementary School"),
        "orgs.csv: has a line break in name; a space was taken",
    ),
    "empty places in a list": (
        lambda drop: drop.change("classes", "alg-1", termSourcedIds="s1, s2,"),
        "classes.csv: has empty places in termSourcedIds",
    ),
    "an agent who is not there": (
        lambda drop: drop.change("users", "u1", agentSourcedIds="m1,m9"),
        "users.csv: has a agentSourcedIds without a match in users.csv; it was left out",
    ),
    "a file of another kind": (
        lambda drop: drop.raw.update({"notes.txt": b"hello"}),
        "notes.txt: is no file of OneRoster and was left out",
    ),
    "a rule that we can bear broken": (
        lambda drop: drop.change("courses", "alg", schoolYearSourcedId="s1"),
        "courses.csv: breaks the rule: school year of course",
    ),
    "a folder": (lambda drop: setattr(drop, "folder", "roster/"), "bundle.zip: its files are in a folder"),
}


@pytest.mark.parametrize("what", LIBERTIES)
def test_a_liberty_is_taken_and_told(district: District, drop: Drop, what: str) -> None:
    spoil, told = LIBERTIES[what]
    spoil(drop)

    assert told in forgiven(district, drop)
    assert district.rows("SELECT count(*) FROM students") == [(4,)]


def test_headers_in_another_case_order_and_spelling(district: District, drop: Drop) -> None:
    drop.headers["users"] = [*reversed(TABLES["users"].header)]
    users = drop._table("users").decode()
    misspelt = users.replace("preferredGivenName", "prefferedGivenName").replace("sourcedId", "SourcedId", 1)
    drop.raw["users.csv"] = ("\ufeff" + misspelt.replace("dateLastModified", "dataLastModified")).encode()

    assert forgiven(district, drop) >= {
        "users.csv: begins with a byte-order mark",
        "users.csv: has its columns in another order",
        "users.csv: calls the column dateLastModified dataLastModified",
        "users.csv: calls the column preferredGivenName prefferedGivenName",
    }
    assert district.rows("SELECT first_name FROM students ORDER BY 1") == [
        ("Ada",),
        ("Ben",),
        ("Cyd",),
        ("Dee",),
    ]


def test_line_ends_may_be_of_either_kind(district: District, drop: Drop) -> None:
    drop.raw["orgs.csv"] = drop._table("orgs").replace(b"\r\n", b"\n")

    assert district.bring(drop).written > 0


def test_orphans_wait_in_quarantine(district: District, drop: Drop) -> None:
    """Enrollments of teachers whom the vendor dropped from users.csv."""
    drop.drop("users", "t1").drop("roles", "rt", "rt2").drop("userProfiles", "p1")

    with pytest.raises(ImportRefused):
        district.bring(drop, is_lenient=True)
    outcome = district.bring(drop, is_lenient=True, max_rejects=2)

    assert outcome.rejected == 2
    assert district.rows("SELECT DISTINCT file, reason FROM intake_rejects") == [
        ("enrollments.csv", "has no match in users.csv [reference.missing_target_record]")
    ]


def test_a_date_that_could_be_two_is_not_guessed(district: District, drop: Drop) -> None:
    drop.change("demographics", "u1", birthDate="5/6/2011").change(
        "demographics", "u2", birthDate="31/1/2015"
    )

    outcome = district.bring(drop, is_lenient=True, max_rejects=2)

    assert {(one.file, one.column) for one in outcome.rejects} == {("demographics.csv", "birthDate")}
    assert outcome.rejected == 2


def test_a_row_marked_as_deleted_in_bulk_is_not_there(district: District, drop: Drop) -> None:
    drop.change("demographics", "u2", status="tobedeleted", dateLastModified="2025-10-01T12:00:00.000Z")

    assert "demographics.csv: is marked as deleted in a bulk file; the row was left out" in forgiven(
        district, drop
    )
    assert district.rows("SELECT birth_date FROM students WHERE student_number = '1002'") == [(None,)]
