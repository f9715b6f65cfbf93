"""What the measures mean: each fault is seen in a real server, or in the figures that one would give."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from rollbook.core.checks import Checked, State
from rollbook.core.words import many
from rollbook.ops.watch.bloat import Bloat
from rollbook.ops.watch.health import Look, judge, look_over
from rollbook.ops.watch.measures import Seen
from rollbook.ops.watch.quantities import share, size, span
from rollbook.ops.watch.samples import Disk, Growth, days_left

GB = 1024**3
SERVER = {
    "version": "18.6",
    "role": "rollbook_owner",
    "is_durable": True,
    "has_checksums": True,
    "vacuums": True,
}
FINE: dict[str, list[dict[str, Any]]] = {
    "server": [SERVER],
    "connection_limit": [{"most": 97, "connections": 5}],
    "waits": [{"sessions": 0, "oldest_seconds": 0}],
    "transactions": [
        {"kind": kind, "oldest_seconds": 3} for kind in ("active", "idle in transaction", "prepared")
    ],
    "replication": [{"replicas": 1, "lag_bytes": 10, "lag_seconds": 0}],
    "standby": [{"is_standby": False, "lag_bytes": 0, "lag_seconds": 0}],
    "slot_totals": [{"active": 1, "inactive": 0, "lost": 0, "retained_bytes": 5}],
    "slots": [{"name": "wal", "is_active": False, "status": "lost"}],
    "archiver": [{"is_on": True, "failed": 0, "failed_last": False, "last_seconds": 60}],
    "archive_waiting": [{"files": 1}],
    "checkpoints": [{"timed": 90, "requested": 10}],
    "database": [{"bytes": GB, "blocks_hit": 990_000, "blocks_read": 10_000}],
    "checksums": [{"failures": 0}],
    "tables": [{"table_name": "grades", "live": 1e6, "dead": 1e4}],
    "heaps": [],
    "wraparound": [{"database": "rollbook", "transactions": 1e8, "multixacts": 0}],
    "sequences": [{"table_name": "audit_writes", "sequence_name": "s", "last": 5, "most": 2**31 - 1}],
    "invalid_indexes": [],
    "unvalidated": [],
}


def judged(rows: dict[str, list[dict[str, Any]]], **more: Any) -> dict[str, Checked]:  # noqa: ANN401 -- of Look
    return {one.name: one for one in judge(Look(Seen(rows={**FINE, **rows}), **more))}


def test_a_server_that_is_well_needs_nothing() -> None:
    found = judged({}, disk=Disk(60 * GB, 100 * GB), growth=Growth(-0.5 * GB, 3))

    assert {name: one.state for name, one in found.items()} == dict.fromkeys(found, State.FINE)
    assert found["disk"].sentence == "60 GB of 100 GB are free, enough for 120 days at the present growth."
    assert len(found) == 18


@pytest.mark.parametrize(
    ("name", "state", "rows", "said"),
    [
        ("durability", State.WRONG, {"server": [SERVER | {"is_durable": False}]}, "power failure"),
        ("connections", State.WARNING, {"connection_limit": [{"most": 97, "connections": 80}]}, "80 of 97"),
        ("connections", State.WRONG, {"connection_limit": [{"most": 97, "connections": 96}]}, "96 of 97"),
        ("blocking", State.WARNING, {"waits": [{"sessions": 2, "oldest_seconds": 300}]}, "for 5 minutes"),
        (
            "transactions",
            State.WARNING,
            {
                "transactions": [
                    {"kind": "idle in transaction", "oldest_seconds": 7200},
                    *FINE["transactions"][::2],
                ]
            },
            "one idle in transaction for 2 hours",
        ),
        (
            "replication",
            State.WARNING,
            {"replication": [{"replicas": 1, "lag_bytes": GB, "lag_seconds": 9}]},
            "1.0 GB",
        ),
        (
            "replication",
            State.WARNING,
            {"standby": [{"is_standby": True, "lag_bytes": GB, "lag_seconds": 900}]},
            "is a copy, 15 minutes behind",
        ),
        (
            "slots",
            State.WARNING,
            {"slot_totals": [{"active": 0, "inactive": 1, "lost": 0, "retained_bytes": 9 * GB}]},
            "Nobody reads the slots wal, for which 9.0 GB",
        ),
        (
            "slots",
            State.WRONG,
            {"slot_totals": [{"active": 0, "inactive": 1, "lost": 1, "retained_bytes": 0}]},
            "wal were to keep is gone",
        ),
        (
            "archiving",
            State.WRONG,
            {"archiver": [{"is_on": True, "failed": 7, "failed_last": True, "last_seconds": 60}]},
            "7 failures",
        ),
        ("archiving", State.WRONG, {"archive_waiting": [{"files": 21}]}, "21 files waiting"),
        ("checkpoints", State.WARNING, {"checkpoints": [{"timed": 10, "requested": 90}]}, "90 of 100"),
        ("cache", State.WARNING, {"database": [{"blocks_hit": 5e5, "blocks_read": 5e5}]}, "50% of"),
        ("checksums", State.WRONG, {"checksums": [{"failures": 3}]}, "3 pages"),
        ("checksums", State.WARNING, {"server": [SERVER | {"has_checksums": False}]}, "no checksums"),
        ("vacuum", State.WRONG, {"server": [SERVER | {"vacuums": False}]}, "never removed"),
        ("vacuum", State.WARNING, {"tables": [{"table_name": "grades", "live": 1e6, "dead": 1e6}]}, "grades"),
        (
            "wraparound",
            State.WARNING,
            {"wraparound": [{"database": "rollbook", "transactions": 1e9, "multixacts": 0}]},
            "47%",
        ),
        (
            "wraparound",
            State.WRONG,
            {"wraparound": [{"database": "rollbook", "transactions": 0, "multixacts": 1.6e9}]},
            "75%",
        ),
        (
            "sequences",
            State.WRONG,
            {"sequences": [{"table_name": "t", "sequence_name": "s", "last": 31000, "most": 32767}]},
            "t (95%)",
        ),
    ],
)
def test_a_fault_is_judged(name: str, state: State, rows: dict[str, list[dict[str, Any]]], said: str) -> None:
    found = judged(rows)

    assert found[name].state is state
    assert said in found[name].sentence
    assert found[name].mend
    assert [one for one in found.values() if one.state is not State.FINE] == [found[name]]


@pytest.mark.parametrize(
    ("disk", "growth", "state"),
    [
        (Disk(60 * GB, 100 * GB), Growth(-GB * 3, 3), State.WARNING),
        (Disk(60 * GB, 100 * GB), Growth(-GB * 10, 3), State.WRONG),
        (Disk(8 * GB, 100 * GB), None, State.WARNING),
        (Disk(2 * GB, 100 * GB), Growth(GB, 3), State.WRONG),
    ],
)
def test_a_disk_that_fills_is_told_in_days(disk: Disk, growth: Growth | None, state: State) -> None:
    assert judged({}, disk=disk, growth=growth)["disk"].state is state


def test_bloat_counts_where_it_is_much_and_a_large_share() -> None:
    much = [Bloat("grades", 1e9, 6e8, counted=False), Bloat("audit_writes", 9e9, 1e9, counted=False)]

    found = judged({}, bloat=much)["bloat"]

    assert found.state is State.WARNING
    assert "grades (572 MB of 954 MB)" in found.sentence
    assert "audit_writes" not in found.sentence


def test_real_faults_of_the_catalogue_are_named(owner: Session) -> None:
    before = {one.name: one.state for one in look_over(owner)}
    for statement in (
        "CREATE TABLE worn (id smallint GENERATED ALWAYS AS IDENTITY, told int)",
        "SELECT setval(pg_get_serial_sequence('worn', 'id'), 32000)",
        "ALTER TABLE worn ADD CONSTRAINT positive CHECK (told > 0) NOT VALID",
        "CREATE INDEX half ON worn (told)",
        "RESET ROLE",
        "UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'half'::regclass",
        "SET LOCAL ROLE rollbook_owner",
    ):
        owner.execute(text(statement))

    found = {one.name: one for one in look_over(owner)}

    assert before["sequences"] is before["indexes"] is before["constraints"] is State.FINE
    assert found["sequences"].state is State.WRONG
    assert "worn (98%)" in found["sequences"].sentence
    assert "half" in found["indexes"].sentence
    assert found["constraints"].sentence == "Old rows were not checked against worn.positive."


def test_what_could_not_be_measured_is_said_once_and_not_judged() -> None:
    seen = Seen(rows={"server": [SERVER]}, lost={"waits": "it took too long"}, absent=["io"])

    found = {one.name: one for one in judge(Look(seen))}

    assert found["measures"].state is State.WARNING
    assert "1 measure could not be taken: waits (it took too long)." in found["measures"].sentence
    assert set(found) == {"durability", "measures"}


def test_days_left_are_told_only_where_it_fills() -> None:
    assert days_left(10, Growth(-2, 1)) == 5
    assert days_left(10, Growth(2, 1)) is None
    assert days_left(10, None) is None


def test_quantities_are_said_as_people_say_them() -> None:
    assert [size(n) for n in (0, 1023, 1536, 5 * GB, 500 * GB)] == [
        "0 bytes",
        "1,023 bytes",
        "1.5 kB",
        "5.0 GB",
        "500 GB",
    ]
    said = [span(n) for n in (0, 1, 90, 150, 7200, 90_000, 200_000)]
    assert said == ["0 seconds", "1 second", "90 seconds", "2 minutes", "2 hours", "1 day", "2 days"]
    assert (share(999, 1000), share(1, 1), share(0, 0)) == ("99%", "100%", "0%")
    assert (many(1, "table"), many(2, "table"), many(2, "thing needs", "things need")) == (
        "1 table",
        "2 tables",
        "2 things need",
    )
