"""`rollbook generate district` as a user runs it: options, variables, phases, and what it refuses."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands import rollbook
from rollbook.demo import environment
from rollbook.demo.phases import ALL, PHASES, PhaseUnknown, close, read_phases
from rollbook.testing.databases import Database

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(fresh_database: Database) -> Run:
    def command(*options: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        named: dict[str, Any] = {"COLUMNS": "200"} | variables
        return rollbook(fresh_database, "generate", "district", *options, **named)

    return command


def made(done: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


def test_it_fills_a_tenant_once(run: Run) -> None:
    first = made(run("--students", "40", "--seed", "3", "--phases", "1-2,9", "--json"))

    assert (first["tenant"], first["students"], first["seed"], first["as_of"]) == (
        "district",
        40,
        3,
        "2026-06-30",
    )
    assert first["rows"]["students"] == 40
    assert "attendance_records" not in first["rows"]
    assert first["phases"] == [1, 2, 9]

    again = run("--students", "40", "--json")
    assert (again.returncode, again.stdout) == (1, "")
    assert json.loads(again.stderr.partition("{")[1] + again.stderr.partition("{")[2])["error"]["code"] == (
        "TenantNotEmpty"
    )
    assert (
        made(run("--tenant", "other", "--students", "20", "--phases", "1-2", "--json"))["tenant"] == "other"
    )


def test_the_variables_say_what_the_options_leave_open(run: Run) -> None:
    variables = {
        "SEED_RNG": "11",
        "MAX_TOTAL_STUDENTS": "30",
        "SKIP_PHASE_3": "true",
        "SKIP_PHASE_5": "1",
        "SKIP_PHASE_6": "yes",
        "SKIP_PHASE_9": "false",
        "SKIP_PHASE_11": "true",
        "SKIP_DB_INIT": "true",
    }
    done = run("--json", **variables)
    by_variables = made(done)

    assert (by_variables["students"], by_variables["seed"]) == (30, 11)
    assert by_variables["phases"] == [1, 2, 4, 9, 12]
    assert "Left out: phase 3, 5, 6, 7, 8, 10, 11, 13." in done.stderr

    options = ("--students", "12", "--seed", "4", "--phases", "1-2", "--migrate", "--tenant", "b", "--json")
    by_options = made(run(*options, **variables))
    assert (by_options["students"], by_options["seed"], by_options["phases"]) == (12, 4, [1, 2])


def test_the_database_is_left_as_it_is_when_told_so(rollbook_server: Any) -> None:  # noqa: ANN401 -- TestServer
    with rollbook_server.database(template=None) as bare:
        urls = {"ROLLBOOK_DATABASE_URL": bare.url, "ROLLBOOK_OWNER_URL": bare.owner_url}
        done = subprocess.run(
            [sys.executable, "-m", "rollbook.cli", "generate", "district", "--students", "5"],
            env=os.environ | urls | {"SKIP_DB_INIT": "true"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "rollbook db migrate" in done.stderr


@pytest.mark.parametrize(
    ("options", "variables", "said"),
    [
        (("--students", "0"), {}, "students"),
        (("--phases", "1-99"), {}, "phase"),
        (("--phases", "all"), {}, "phase"),
        ((), {"SEED_RNG": "seven"}, "SEED_RNG"),
        ((), {"MAX_TOTAL_STUDENTS": "-3"}, "MAX_TOTAL_STUDENTS"),
        ((), {"SKIP_PHASE_2": "perhaps"}, "SKIP_PHASE_2"),
        ((), {"SKIP_PHASE_77": "true"}, "SKIP_PHASE_77"),
        (("--as-of", "2031-01-01"), {}, "2031-01-01"),
    ],
)
def test_what_makes_no_sense_is_said_before_any_work(
    run: Run, options: tuple[str, ...], variables: dict[str, str], said: str
) -> None:
    done = run(*options, **variables)

    assert done.returncode in {1, 2}
    assert done.stdout == ""
    assert said in done.stderr
    assert "Writing" not in done.stderr


def test_help_lists_the_phases(run: Run) -> None:
    told = " ".join(run("--help").stdout.replace("│", " ").split())

    for phase in PHASES:
        assert f"{phase.number} {phase.title}" in told
    for name in environment.VARIABLES:
        assert name in told or name == environment.SEED_RNG


@given(chosen=st.frozensets(st.sampled_from(sorted(ALL))))
def test_what_is_kept_has_all_that_it_needs(chosen: frozenset[int]) -> None:
    kept = {phase.number: phase for phase in close(chosen)}

    assert kept.keys() <= chosen
    assert all(need in kept for phase in kept.values() for need in phase.needs)
    assert close(frozenset(kept)) == list(kept.values())


@pytest.mark.parametrize(
    ("text", "phases"), [("1", {1}), ("1-3", {1, 2, 3}), (" 2 , 4-5,", {2, 4, 5}), ("", set())]
)
def test_a_list_of_phases_is_read(text: str, phases: set[int]) -> None:
    assert read_phases(text) == phases


@pytest.mark.parametrize("text", ["0", "3-1", "x", "1-", "14", "1--2"])
def test_a_list_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(PhaseUnknown):
        read_phases(text)
