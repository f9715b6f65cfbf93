"""How the code is written: short functions, reasons for exceptions, real databases, no timed test."""

from pathlib import Path

import pytest

from building.reading import (
    OURS,
    ROOT,
    asserts_a_time,
    excuses_without_reason,
    functions,
    imports,
)

LONGEST_FILE = 320
LONGEST_FUNCTION = 40
NINE_IN_TEN = 15
# In pieces, so that this file holds none itself.
NOQA, IGNORE = "# " + "noqa", "# " + "type: ignore"
MACHINES = [f"/{folder}/" for folder in ("work", "home", "Users")]
TESTS = [path for path in OURS if path.is_relative_to(ROOT / "tests")]
# A migration is as long as the tables it makes.
SOURCE = [path for path in OURS if path.is_relative_to(ROOT / "src") and path.parent.name != "versions"]
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_functions_are_short() -> None:
    every = ((path, found) for path in SOURCE for found in functions(_read(path)))
    lengths = sorted((found.lines, path.stem, found.name) for path, found in every)

    assert [found for found in lengths if found[0] > LONGEST_FUNCTION] == []
    assert lengths[len(lengths) * 9 // 10][0] <= NINE_IN_TEN
    assert len(lengths) > 200, "it read the code"


def test_files_are_short() -> None:
    assert [_name(path) for path in OURS if len(_read(path).splitlines()) > LONGEST_FILE] == []


def test_every_exception_from_a_rule_has_its_code_and_its_reason() -> None:
    found = {_name(path): excuses for path in OURS if (excuses := excuses_without_reason(_read(path)))}

    assert found == {}


def test_no_test_asserts_a_time() -> None:
    assert {_name(path): found for path in TESTS if (found := asserts_a_time(_read(path)))} == {}


def test_no_database_but_postgresql_and_none_that_is_pretended() -> None:
    foreign = {"sqlite3", "aiosqlite", "unittest.mock", "mock", "testing.postgresql", "pytest_mock"}

    assert {_name(path): found for path in OURS if (found := imports(_read(path)) & foreign)} == {}


def test_no_module_is_called_utils() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "misc"}

    assert [_name(path) for path in OURS if vague & {path.stem, path.parent.name}] == []


def test_nothing_names_a_folder_of_one_machine() -> None:
    texts = [*OURS, *DOCUMENTS, *ROOT.glob("src/**/*.sql"), ROOT / "Makefile", ROOT / ".ci/run"]

    assert [_name(path) for path in texts if any(place in _read(path) for place in MACHINES)] == []


@pytest.mark.parametrize(
    "excuse",
    [NOQA, f"{NOQA}: S101", f"{NOQA}: S101, E501  ", IGNORE, f"{IGNORE}[arg-type]", f"{IGNORE}  # because"],
)
def test_an_excuse_without_code_or_reason_is_noticed(excuse: str) -> None:
    assert excuses_without_reason(f"x = f()  {excuse}") == [excuse]


@pytest.mark.parametrize("excuse", [f"{NOQA}: S101 -- ours", f"{IGNORE}[arg-type]  # pydantic's own"])
def test_an_excuse_with_code_and_reason_is_fine(excuse: str) -> None:
    assert excuses_without_reason(f"x = f()  {excuse}") == []


@pytest.mark.parametrize(
    "line", ["assert time.perf_counter() - begin < 2", "assert elapsed < 1", "assert run().seconds < 1"]
)
def test_an_assertion_about_time_is_noticed(line: str) -> None:
    assert asserts_a_time(line) != []


def test_lengths_leave_the_docstring_out() -> None:
    source = 'def f():\n    """Say\n\n    much.\n    """\n    a = 1\n    return a\n'

    assert [found.lines for found in functions(source)] == [2]
