"""A bundle that breaks a rule is refused, and every fault named by file, line, column and reason."""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from exchange.oneroster.bundles import District, Drop
from rollbook.exchange.oneroster.errors import BundleRefused
from rollbook.intake.refusals import ImportRefused

SHARED = Path(os.environ.get("ROLLBOOK_SHARED", Path(__file__).parents[4] / "shared"))
INVALID = SHARED / "data/oneroster12/invalid"
Named = set[tuple[str, int, str | None, str]]
NAMED: dict[str, Named] = {
    "missing_manifest": {("manifest.csv", 1, None, "manifest.file_missing")},
    "CSV_quote_failure": {
        ("users.csv", 2, "username", "csv.unescaped_quote"),
        ("users.csv", 1, "username", "schema.header_order_mismatch"),
    },
    "field_parser_failures": {
        ("academicSessions.csv", 2, "schoolYear", "row.invalid_year"),
        ("courses.csv", 2, "orgSourcedId", "row.invalid_guid"),
        ("users.csv", 2, "enabledUser", "row.invalid_boolean"),
        ("categories.csv", 2, "title", "row.missing_required_value"),
        ("categories.csv", 2, "weight", "row.invalid_integer"),
        ("lineItems.csv", 2, "assignDate", "row.invalid_date"),
        ("lineItems.csv", 2, "resultValueMin", "row.invalid_float"),
        ("results.csv", 2, "scoreStatus", "row.invalid_enum"),
        ("results.csv", 2, "inProgress", "row.invalid_boolean"),
        ("scoreScales.csv", 2, "scoreScaleValue", "row.invalid_list"),
    },
    "duplicate_sourcedId_failure": {("users.csv", 3, "sourcedId", "reference.duplicate_sourced_id")},
    "missing_target_record_failure": {
        ("lineItems.csv", 2, "categorySourcedId", "reference.missing_target_record")
    },
    "bulk_lifecycle_status_failure": {
        ("users.csv", 2, "status", "row.field_forbidden_in_bulk"),
        ("users.csv", 2, "dateLastModified", "row.field_forbidden_in_bulk"),
    },
}


def faults_of(district: District, drop: Drop | Path) -> Named:
    """Bring a drop that is refused; return what is said of it: file, line, column and code."""
    with pytest.raises((BundleRefused, ImportRefused)) as refusal:
        district.bring(drop)
    error = refusal.value
    if isinstance(error, ImportRefused):
        found = error.outcome.rejects
    else:
        assert isinstance(error, BundleRefused)
        found = error.faults
    assert district.rows("SELECT count(*) FROM source_records") == [(0,)]
    return {(one.file, one.line, one.column, one.reason.rpartition("[")[2].rstrip("]")) for one in found}


@pytest.mark.skipif(not INVALID.exists(), reason="the sample bundles are not here: set ROLLBOOK_SHARED")
@pytest.mark.parametrize("sample", NAMED)
def test_each_invalid_sample(district: District, sample: str) -> None:
    assert faults_of(district, INVALID / f"{sample}.zip") >= NAMED[sample]


@pytest.mark.skipif(not INVALID.exists(), reason="the sample bundles are not here: set ROLLBOOK_SHARED")
def test_every_invalid_sample_is_looked_at() -> None:
    assert {path.stem for path in INVALID.glob("*.zip")} == set(NAMED)


def test_faults_of_the_whole_bundle_are_named_at_once(district: District, drop: Drop) -> None:
    """A fault of a file hides none of a row, a fault of a row none of another in the same row."""
    drop.manifest = {"file.users": "bulk", "file.orgs": "most", "shoe.size": "9"}
    drop.raw["notes.txt"] = b"hello"
    drop.headers["courses"] = ["sourcedId", "title"]
    drop.change("academicSessions", "y", schoolYear="MMXXVI", startDate="18.8.2025")

    assert faults_of(district, drop) >= {
        ("manifest.csv", 1, "file.orgs", "manifest.invalid_file_mode"),
        ("manifest.csv", 25, "propertyName", "manifest.unknown_property"),
        ("notes.txt", 1, None, "package.unknown_file"),
        ("courses.csv", 1, "title", "schema.header_order_mismatch"),
        ("academicSessions.csv", 2, "schoolYear", "row.invalid_year"),
        ("academicSessions.csv", 2, "startDate", "row.invalid_date"),
    }


FAULTS: dict[str, tuple[Callable[[Drop], object], tuple[str, str | None, str]]] = {
    "a day that no calendar has": (
        lambda drop: drop.change("roles", "r1", beginDate="2025-02-29"),
        ("roles.csv", "beginDate", "row.invalid_date"),
    ),
    "a word of no list": (
        lambda drop: drop.change("classes", "alg-1", classType="Scheduled"),
        ("classes.csv", "classType", "row.invalid_enum"),
    ),
    "an extension of a closed list": (
        lambda drop: drop.change("roles", "r1", roleType="ext:third"),
        ("roles.csv", "roleType", "row.invalid_enum"),
    ),
    "a line break": (
        lambda drop: drop.change("orgs", "oak", name="Oak\nSchool"),
        ("orgs.csv", "name", "csv.line_break_in_quoted_field"),
    ),
    "a term that nobody names": (
        lambda drop: drop.change("classes", "alg-1", termSourcedIds="s1,s9"),
        ("classes.csv", "termSourcedIds", "reference.missing_target_record"),
    ),
    "a file that is not there": (
        lambda drop: drop.drop("categories", "quiz", "hw"),
        ("lineItems.csv", "categorySourcedId", "reference.missing_target_file"),
    ),
    "an end before the beginning": (
        lambda drop: drop.change("enrollments", "e4", endDate="2025-10-31"),
        ("enrollments.csv", "endDate", "semantic.dates_reversed"),
    ),
    "a class at the district": (
        lambda drop: drop.change("classes", "alg-1", schoolSourcedId="d"),
        ("classes.csv", "schoolSourcedId", "semantic.school"),
    ),
    "a course of a semester": (
        lambda drop: drop.change("courses", "alg", schoolYearSourcedId="s1"),
        ("courses.csv", "schoolYearSourcedId", "semantic.school_year"),
    ),
    "work for a school year": (
        lambda drop: drop.change("lineItems", "li1", academicSessionSourcedId="y"),
        ("lineItems.csv", "academicSessionSourcedId", "semantic.line_item_session"),
    ),
    "a range upside down": (
        lambda drop: drop.change("lineItems", "li1", resultValueMin="60"),
        ("lineItems.csv", "resultValueMin", "semantic.range"),
    ),
    "two primary roles at a school": (
        lambda drop: drop.change("roles", "rt2", orgSourcedId="elm", roleType="primary"),
        ("roles.csv", "roleType", "semantic.primary_role"),
    ),
    "a primary school without a role": (
        lambda drop: drop.change("users", "u1", primaryOrgSourcedId="oak"),
        ("users.csv", "primaryOrgSourcedId", "semantic.primary_org"),
    ),
    "the profile of another": (
        lambda drop: drop.change("roles", "rc", userProfileSourcedId="p1"),
        ("roles.csv", "userProfileSourcedId", "semantic.profile"),
    ),
    "a result of a stranger": (
        lambda drop: drop.change("results", "x1", studentSourcedId="u2"),
        ("results.csv", "studentSourcedId", "semantic.result_student"),
    ),
    "a result of another class": (
        lambda drop: drop.change("results", "x1", classSourcedId="art-1"),
        ("results.csv", "classSourcedId", "semantic.result_class"),
    ),
    "an objective that is no UUID": (
        lambda drop: drop.change("lineItemLearningObjectiveIds", "lo", source="case"),
        ("lineItemLearningObjectiveIds.csv", "learningObjectiveId", "semantic.case_objective"),
    ),
    "a resource in another's class": (
        lambda drop: drop.change("userResources", "ur", classSourcedId="art-1"),
        ("userResources.csv", "classSourcedId", "semantic.user_resource_class"),
    ),
    "a birth date of long ago": (
        lambda drop: drop.change("demographics", "u1", birthDate="1890-01-01"),
        ("demographics.csv", "birthDate", "semantic.birth_date"),
    ),
}


@pytest.mark.parametrize("what", FAULTS)
def test_a_rule_that_is_broken_is_named(district: District, drop: Drop, what: str) -> None:
    spoil, named = FAULTS[what]
    spoil(drop)

    assert named in {(file, column, code) for file, _, column, code in faults_of(district, drop)}


def test_a_delta_needs_its_lifecycle(district: District, drop: Drop) -> None:
    drop.only("orgs").delta().change("orgs", "d", status="", dateLastModified="2025-10-01")

    assert faults_of(district, drop) >= {
        ("orgs.csv", 2, "status", "row.field_required_in_delta"),
        ("orgs.csv", 2, "dateLastModified", "row.invalid_datetime"),
    }


def test_a_row_that_refers_to_a_reject_is_one(district: District, drop: Drop) -> None:
    drop.change("users", "u2", enabledUser="yes")

    outcome = district.bring(drop, max_rejects=10)

    assert {one.file for one in outcome.rejects} == {
        "users.csv",
        "roles.csv",
        "enrollments.csv",
        "demographics.csv",
    }
    assert outcome.rejected == 4
    assert district.rows("SELECT count(*) FROM students") == [(3,)]


def test_faults_are_counted_not_all_kept(district: District, drop: Drop) -> None:
    for number in range(2000):
        drop.add("orgs", sourcedId=f"o{number}", name="X", type="shop")
    drop.manifest = {"shoe.size": "9"}

    with pytest.raises(BundleRefused) as refusal:
        district.bring(drop)

    assert (len(refusal.value.faults), refusal.value.total) == (1001, 2001)


def test_no_fault_repeats_what_a_person_is(district: District, drop: Drop) -> None:
    drop.change("users", "u1", enabledUser="Byron").change("demographics", "u1", birthDate="30.5.2011")

    with pytest.raises(ImportRefused) as refusal:
        district.bring(drop)

    assert not any("Byron" in str(one) or "2011" in str(one) for one in refusal.value.outcome.rejects)


def test_a_zip_in_a_folder_needs_leniency(district: District, drop: Drop) -> None:
    drop.folder = "export/"

    with pytest.raises(Exception, match="folder"):
        district.bring(drop)
    assert district.bring(drop, is_lenient=True).written > 0


def test_a_bundle_may_be_a_folder(district: District, drop: Drop, tmp_path: Path) -> None:
    with zipfile.ZipFile(drop.write()) as packed:
        packed.extractall(tmp_path / "folder")

    assert district.bring(tmp_path / "folder").written > 0
