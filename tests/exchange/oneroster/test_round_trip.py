"""Export, import into an empty tenant, export again: the same bytes."""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from exchange.oneroster.bundles import District, Drop, read
from rollbook.exchange.oneroster.manifest import write_manifest

Another = Callable[[], District]
SHARED = Path(os.environ.get("ROLLBOOK_SHARED", Path(__file__).parents[4] / "shared"))
SAMPLES = sorted((SHARED / "data/oneroster12/valid").glob("*.zip"))


def assert_round_trip(first: District, second: District, tmp_path: Path) -> Path:
    """Export ``first``, import that strictly into ``second``, twice, and export it: nothing differs."""
    first.export(tmp_path / "first.zip")
    outcome = second.bring(tmp_path / "first.zip", source="another")
    again = second.bring(tmp_path / "first.zip", source="another")
    second.export(tmp_path / "second.zip")

    assert (outcome.rejected, again.written) == (0, 0)
    assert read(tmp_path / "second.zip") == read(tmp_path / "first.zip")
    assert (tmp_path / "second.zip").read_bytes() == (tmp_path / "first.zip").read_bytes()
    return tmp_path / "first.zip"


def test_a_small_district(another: Another, drop: Drop, tmp_path: Path) -> None:
    first = another()
    first.bring(drop)

    assert_round_trip(first, another(), tmp_path)


@pytest.mark.skipif(not SAMPLES, reason="the sample bundles are not here: set ROLLBOOK_SHARED")
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_each_valid_sample(another: Another, sample: Path, tmp_path: Path) -> None:
    first = another()
    first.bring(sample)

    assert_round_trip(first, another(), tmp_path)


@pytest.mark.skipif(not SAMPLES, reason="the sample bundles are not here: set ROLLBOOK_SHARED")
def test_a_bundle_of_1_1(another: Another, tmp_path: Path) -> None:
    first = another()
    first.bring(SHARED / "data/oneroster11", is_lenient=True)

    assert_round_trip(first, another(), tmp_path)


def test_nothing_that_a_bundle_says_is_lost(district: District, drop: Drop, tmp_path: Path) -> None:
    path = drop.write()
    district.bring(path)

    district.export(tmp_path / "out.zip")

    said, told = read(path), read(tmp_path / "out.zip")
    said["users"][0].pop("password")
    for table in said.keys() - {"manifest"}:
        mine = {row["sourcedId"]: row for row in told[table]}
        for row in said[table]:
            kept = {column: mine[row["sourcedId"]].get(column) for column in row}
            assert kept == row, table


def test_the_bundle_is_as_other_programs_want_it(district: District, drop: Drop, tmp_path: Path) -> None:
    district.bring(drop)

    district.export(tmp_path / "out.zip")

    with zipfile.ZipFile(tmp_path / "out.zip") as packed:
        infos, manifest = packed.infolist(), packed.read("manifest.csv").decode()
        users = packed.read("users.csv").decode()
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert users.count("\n") == users.count("\r\n") == 9
    assert not users.startswith("\ufeff")
    assert "secret" not in users
    assert "file.users,bulk\r\n" in manifest


@pytest.mark.parametrize(("is_synthetic", "name"), [(True, "Rollbook, synthetic data"), (False, "Rollbook")])
def test_a_bundle_says_whether_it_was_made_up(is_synthetic: bool, name: str) -> None:
    assert ("source.systemName", name) in list(write_manifest({}, is_synthetic=is_synthetic))
