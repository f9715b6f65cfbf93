"""What was backed up comes back, to the moment that was asked for, from the repository alone."""

from pathlib import Path

import pytest

from ops.recovery.chains import Chain, values
from rollbook.ops.recovery.errors import (
    FolderNotEmpty,
    TargetInvalid,
    TargetNotCovered,
)
from rollbook.ops.recovery.recovering import unpacked
from rollbook.ops.recovery.restoring import restore_into
from rollbook.ops.recovery.scratch import PREFIX, sweep
from rollbook.ops.recovery.targets import parse_target, plan

EARLY = ["base", "first", "second"]
FROM = "2000-01-01T00:00:00+00:00"
UNTIL = "2100-01-01T00:00:00+00:00"


def test_what_can_be_told_builds_on_the_last(chain: Chain) -> None:
    assert [one.kind for one in chain.backups] == ["base", "incremental", "incremental"]
    assert chain.backups[2].parent == chain.backups[1].backup_id
    assert chain.backups[1].bytes < chain.backups[0].bytes / 4
    assert all(one.facts["not_compared"] is None for one in chain.backups), "each can be compared"
    assert {"public.busy", "public.proof"} <= set(chain.backups[0].tables)


@pytest.mark.parametrize(
    ("links", "moment", "found", "has_precious"),
    [
        (1, "before the mistake", EARLY, True),
        (1, "lsn", [*EARLY, "mistake"], False),
        (3, "LATEST", [*EARLY, "mistake", "after", "import"], False),
    ],
)
def test_a_moment_is_restored(
    elsewhere: Chain, links: int, moment: str, found: list[str], has_precious: bool
) -> None:
    """From a base backup and much of the log, and from a chain and little of it."""
    target = parse_target(elsewhere.moments.get(moment, moment))
    wanted = plan(elsewhere.vault, elsewhere.backups[links - 1].backup_id, target)
    assert len(wanted.chain) == links
    with unpacked(elsewhere.vault, wanted, elsewhere.settings, elsewhere.settings.home) as recovery:
        recovery.run_to_target()
        assert values(recovery.scratch) == found
        with recovery.scratch.connect("rollbook") as db:
            seen = db.execute("SELECT to_regclass('precious') IS NOT NULL").fetchone()
            assert seen == (has_precious,)
            assert db.execute("SHOW listen_addresses").fetchone() == ("",)
    assert not list(elsewhere.settings.home.glob(f"{PREFIX}*")), "nothing is left"


def test_an_older_backup_is_chosen_for_an_older_moment(elsewhere: Chain) -> None:
    first = elsewhere.backups[0]
    stopped = str(first.facts["stopped_at"])
    assert plan(elsewhere.vault, "latest", parse_target(stopped)).chain == (first,)


@pytest.mark.parametrize("target", [FROM, UNTIL, "0/28", "FF/FF"])
def test_a_moment_that_is_not_there_is_refused_with_what_is(elsewhere: Chain, target: str) -> None:
    with pytest.raises(TargetNotCovered, match=r"it has \d{4}-.* to .*LSN 0/.*Nothing was changed"):
        plan(elsewhere.vault, "latest", parse_target(target))


@pytest.mark.parametrize("target", ["2026-03-01T08:15:00", "no such!", "x" * 64, ""])
def test_what_names_no_moment_is_refused(target: str) -> None:
    with pytest.raises(TargetInvalid):
        parse_target(target)


def test_a_folder_gets_a_data_directory_that_starts(elsewhere: Chain, open_folder: Path) -> None:
    place = open_folder / "restored-on-monday"
    done = restore_into(elsewhere.settings, elsewhere.vault, place, elsewhere.backups[1].backup_id)
    sweep(open_folder)  # as the next restore beside it does
    assert (place / "PG_VERSION").is_file()
    assert not (place / "recovery.signal").exists()
    assert not (place / "postmaster.pid").exists()
    assert (done.backup_id, done.aside) == (elsewhere.backups[1].backup_id, None)
    with pytest.raises(FolderNotEmpty):
        restore_into(elsewhere.settings, elsewhere.vault, place)


def test_a_restore_point_of_nobody_is_not_there(elsewhere: Chain, open_folder: Path) -> None:
    with pytest.raises(TargetNotCovered, match="never-made"):
        restore_into(
            elsewhere.settings,
            elsewhere.vault,
            open_folder / "here",
            elsewhere.backups[0].backup_id,
            to=parse_target("never-made"),
        )
    assert not (open_folder / "here").exists()


def test_a_restore_point_of_ours_is_known_by_its_place(elsewhere: Chain) -> None:
    wanted = plan(elsewhere.vault, "latest", parse_target("before-import"))
    assert wanted.recovery()["recovery_target_name"] == "before-import"
