"""Which moments the log covers: counted in segments, over timelines, without a server."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.core import keyring
from rollbook.ops.backup.folder import Folder
from rollbook.ops.backup.manifest import Backup
from rollbook.ops.backup.vault import Vault
from rollbook.ops.recovery.errors import SegmentForeign, TimelineUnknown
from rollbook.ops.recovery.lsn import DEFAULT_SEGMENT_BYTES, Segment, parse_lsn, parse_segment, show_lsn
from rollbook.ops.recovery.wal_catalog import Moment, WalCatalog, expendable_wal, stored_name

SYSTEM = 7
AT = datetime(2026, 3, 1, tzinfo=UTC)


def place(segments: float) -> int:
    return int(segments * DEFAULT_SEGMENT_BYTES)


def wal(
    *numbers: int, on_two: tuple[int, ...] = (), partial: tuple[int, ...] = (), forked_at: float | None = None
) -> WalCatalog:
    """Segments of timeline 1, and of timeline 2 that left it."""
    return WalCatalog(
        SYSTEM,
        DEFAULT_SEGMENT_BYTES,
        frozenset([Segment(1, one) for one in numbers] + [Segment(2, one) for one in on_two]),
        frozenset(Segment(1, one) for one in partial),
        {2: {1: place(forked_at)}} if forked_at is not None else {},
        (),
    )


def backup(ends: float, timeline: int = 1, first: int = 2) -> Backup:
    return Backup(
        backup_id=f"b{first}",
        kind="base",
        began_at=AT,
        ended_at=AT,
        server_version="18.6",
        files=(),
        system_identifier=str(SYSTEM),
        timeline=timeline,
        end_lsn=show_lsn(place(ends)),
        first_wal=Segment(timeline, first).name,
        facts={"stopped_at": AT.isoformat(), "segment_bytes": DEFAULT_SEGMENT_BYTES},
    )


@pytest.mark.parametrize(
    ("log", "end", "missing"),
    [
        (wal(3, 4, 5), 6, None),
        (wal(3, 5), 4, Segment(1, 4).name),
        (wal(4, 5), 3, Segment(1, 3).name),  # what the backup itself brings
        (wal(), 3, None),
        (wal(3, 4, on_two=(5, 6), forked_at=4.5), 4.5, Segment(2, 4).name),  # 1 goes elsewhere from there on
        (wal(3, 4, 5, 6, 7, on_two=(4,), forked_at=4.5), 5, None),  # what 1 did after is not its line
        (wal(3, on_two=(4, 5), forked_at=4.5), 6, None),
        (wal(3, 4, 5, 6, on_two=(3,), forked_at=2.1), 7, None),  # left before the backup's end: not its line
    ],
)
def test_the_log_is_covered_until_its_first_gap(log: WalCatalog, end: float, missing: str | None) -> None:
    found = log.covered(backup(2.5), [])
    assert (found.end, found.missing) == (place(end), missing)


def test_an_earlier_timeline_may_be_asked_for() -> None:
    log = wal(3, 4, 5, 6, on_two=(4,), forked_at=4.5)
    found = log.covered(backup(2.5), [], timeline=1)
    assert (found.line, found.end) == ((1,), place(7))
    assert log.covered(backup(2.5), []).line == (1, 2)
    with pytest.raises(TimelineUnknown, match=r"does not lead to timeline 3\. Those it leads to: 1, 2"):
        log.covered(backup(2.5), [], timeline=3)


def test_what_is_known_of_when_counts_as_far_as_the_log_goes() -> None:
    known = [Moment(1, place(n), AT + timedelta(minutes=n)) for n in (3, 4, 9)]
    assert wal(3, 4).covered(backup(2.5), known).until == AT + timedelta(minutes=4)
    assert wal(3, 4).covered(backup(2.5), []).until == AT, "a clock that went back makes nothing earlier"
    past = [Moment(1, place(4), AT - timedelta(days=1))]
    assert wal(3, 4).covered(backup(2.5), past).until == AT


def test_a_segment_that_is_not_full_counts_as_far_as_is_known() -> None:
    log = wal(3, partial=(4,))
    assert log.covered(backup(2.5), []).end == place(4)
    assert log.covered(backup(2.5), [Moment(1, place(4.5), AT)]).end == place(4.5)


@given(timeline=st.integers(1, 2**32 - 1), number=st.integers(0, 2**40 // 2**24 - 1))
def test_a_segment_is_known_by_its_name(timeline: int, number: int) -> None:
    segment = Segment(timeline, number)
    assert parse_segment(segment.name) == segment
    assert parse_lsn(show_lsn(segment.begin)) == segment.begin


@pytest.mark.parametrize("head", [b"", b"x" * 10, b"\0" * 64, bytes(range(64))])
def test_a_file_that_is_no_segment_is_refused(head: bytes) -> None:
    with pytest.raises(SegmentForeign):
        Segment(1, 3).check(head, SYSTEM)


def test_the_log_from_before_the_oldest_backup_may_go(tmp_path: Path) -> None:
    vault = Vault(Folder(tmp_path / "vault"), keyring.make_ring(tmp_path / "key"))
    names = {number: stored_name(SYSTEM, Segment(1, number).name) for number in (1, 2, 3)}
    for name in [*names.values(), stored_name(SYSTEM, "00000002.history")]:
        vault.keep(name, [b"log"])
    assert [one.name for one in expendable_wal(vault, [backup(2.5), backup(3.5, first=3)])] == [names[1]]
    assert expendable_wal(vault, []) == []
