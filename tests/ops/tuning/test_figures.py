"""What is said of times and texts is true whatever they were; no server is needed for that."""

import json
import statistics
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.ops.tuning import logged_plans, statements
from rollbook.ops.tuning.bounds import Times, p95_at_most
from rollbook.ops.tuning.candidates import Candidate, candidates
from rollbook.ops.tuning.errors import LogUnreadable
from rollbook.ops.tuning.masking import is_planned, without_values
from rollbook.ops.tuning.statements import Counters, Snapshot, Statement

MS = st.lists(st.floats(0.001, 10_000), min_size=1, max_size=60)
PLAN = {
    "Query Text": "SELECT 1 WHERE name = 'Ada'",
    "Query Identifier": 42,
    "Plan": {"Node Type": "Seq Scan", "Relation Name": "devices", "Filter": "(name = 'Ada'::text)"},
}


def _counted(times: list[float]) -> Counters:
    return Counters(len(times), sum(times), statistics.pstdev(times), max(times), rows=len(times))


@given(several=st.lists(MS, min_size=1, max_size=5))
def test_the_bound_holds_whatever_the_times_were(several: list[list[float]]) -> None:
    every = sorted(ms for times in several for ms in times)

    bound = p95_at_most([_counted(times).times for times in several])

    assert sum(ms > bound * (1 + 1e-9) for ms in every) <= 0.05 * len(every)
    assert bound <= every[-1]


def test_the_bound_says_something() -> None:
    assert p95_at_most([Times(1_000, mean=10, stddev=1, longest=500)]) == pytest.approx(10 + 19**0.5)
    assert p95_at_most([Times(1_000, mean=10, stddev=1_000, longest=5_000)]) == pytest.approx(200)
    assert p95_at_most([]) == 0


@given(before=MS, after=MS)
def test_between_two_moments_counts_what_ran_between(before: list[float], after: list[float]) -> None:
    between = _counted(before + after).since(_counted(before))

    assert between.calls == between.rows == len(after)
    assert between.mean_ms == pytest.approx(statistics.fmean(after), rel=1e-6, abs=1e-6)
    assert between.stddev_ms == pytest.approx(statistics.pstdev(after), rel=1e-3, abs=0.5)


def test_counters_that_began_anew_are_not_subtracted() -> None:
    now = _counted([1.0, 2.0])

    assert now.since(_counted([9.0, 9.0, 9.0])) == now


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        ("SELECT a\n  FROM t WHERE b = $1", "SELECT a FROM t WHERE b = $1"),
        ("SELECT 'Ada', 'O''Hara', E'a\\'b' FROM t1", "SELECT ?, ?, ? FROM t1"),
        ("SELECT $tag$ Ada $tag$, $$Ada$$, 12.5e3, x'ff'", "SELECT ?, ?, ?, ?"),
        ('SELECT "it\'s 5", n1 FROM "t 2" WHERE x = 5', 'SELECT "it\'s 5", n1 FROM "t 2" WHERE x = ?'),
        ("SELECT 1 -- Ada's\n+ /* 'Ada */ 2", "SELECT ? + ?"),
        ("SELECT a FROM t WHERE b IN ($1 /*, ... */)", "SELECT a FROM t WHERE b IN ($1 )"),
        ("ALTER ROLE ada PASSWORD 'secret'", "ALTER ROLE"),
        ("/* Ada */ SET x = 5", "SET x"),
    ],
)
def test_values_are_not_shown(statement: str, shown: str) -> None:
    assert without_values(statement) == shown


def test_what_is_planned_is_told_by_its_first_word() -> None:
    assert is_planned("-- why\nWITH a AS (SELECT 1) TABLE a")
    assert not is_planned("VACUUM readings")


def test_counters_are_kept_for_their_owner_alone_and_without_texts(tmp_path: Path) -> None:
    path = tmp_path / "statements.json"
    one = Statement(7, "rollbook_app", "SELECT 'Ada'", _counted([1.0, 3.0]))
    snapshot = Snapshot("rollbook", datetime(2026, 1, 1, tzinfo=UTC), None, [one])

    statements.keep(path, snapshot)
    statements.keep(path, replace(snapshot, database="other"))

    assert path.stat().st_mode & 0o077 == 0
    assert "Ada" not in path.read_text()
    assert statements.recall(path, "rollbook") == (snapshot.at, {"rollbook_app/7": one.counted})
    assert statements.recall(tmp_path / "none.json", "rollbook") == (None, {})
    assert statements.between({"rollbook_app/7": one.counted}, snapshot) == []


@pytest.mark.parametrize("kind", ["plain", "json"])
def test_plans_are_read_from_a_log_without_values(tmp_path: Path, kind: str) -> None:
    said = f"duration: 12.500 ms  plan:\n{json.dumps(PLAN, indent=2)}"
    log = tmp_path / "server.log"
    plain = (
        "2026-01-01 [7] LOG:  "
        + said.replace("\n", "\n\t")
        + "\n2026-01-01 [7] LOG:  duration: 1.0 ms  plan:\n\t{"
    )
    as_json = json.dumps({"error_severity": "LOG", "message": said}) + '\n{"half'
    log.write_text(f"2026-01-01 [7] LOG:  started\n{plain if kind == 'plain' else as_json}\n")

    (seen,) = logged_plans.seen(log)

    assert (seen.query_id, seen.ms, seen.shape) == (42, 12.5, ("Seq Scan on devices",))
    with pytest.raises(LogUnreadable):
        logged_plans.seen(tmp_path / "none.log")


def test_candidates_put_what_is_equal_first_and_then_a_range_or_an_order() -> None:
    plan = {
        "Node Type": "Sort",
        "Sort Key": ['r_1."at" DESC', "r_1.id"],
        "Plans": [
            {
                "Node Type": "Seq Scan",
                "Schema": "public",
                "Relation Name": "readings_2024",
                "Alias": "r_1",
                "Filter": "((r_1.device = $1) AND ((r_1.kind)::text = 'x.y = 1'::text) AND ($2 <= r_1.value)"
                " AND (r_1.note <> $3) AND (r_1.at IS NOT NULL))",
            }
        ],
    }
    table = ("public", "readings")
    distinct = {"device": 900.0, "kind": 3.0, "value": 50.0, "at": 9_000.0, "id": 9_000.0, "note": 5.0}

    found = candidates([plan], {("public", "readings_2024"): table}, {table: distinct})

    assert Candidate(table, ("device", "kind", "value")) in found
    assert Candidate(table, ("device", "at DESC", "id")) in found
    assert not [one for one in found if "note" in one.columns], "nothing is equal to it, nor ordered by it"
    assert {one.table for one in found} == {table}
    assert all(one.keys[0] != "value" or len(one.keys) == 1 for one in found), (
        "a range ends what an index narrows"
    )
