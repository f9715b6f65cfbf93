"""SQL is written, not built: where a statement takes in a name of our own, that place is named here."""

import ast
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src/rollbook"
STATEMENT = re.compile(
    r"\s*(?:--.*\n\s*)*(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|CREATE|ALTER|DROP|TRUNCATE|ANALYZE|GRANT"
    r"|REVOKE|COPY|SET|RESET|LOCK|EXECUTE|PREPARE|DO|CALL|REFRESH|VACUUM|COMMENT ON)\s"
)
# What is put in there: names of our own tables and columns, or queries of our own. Never what somebody sent.
BUILT = {
    "core/paging.py": "a named query around which the page is cut",
    "core/database.py": "limits of time, which are whole numbers",
    "demo/marks.py": "the name of a table",
    "exchange/csv_files/submissions.py": "the name of a table",
    "exchange/csv_files/typing.py": "columns of a layout of ours",
    "exchange/oneroster/export.py": "columns of the standard's tables",
    "exchange/oneroster/records.py": "tables of the standard",
    "exchange/oneroster/rows.py": "tables and columns of the standard",
    "exchange/oneroster/staging.py": "tables of the standard",
    "exchange/oneroster/temporary.py": "tables of the standard",
    "migrations/": "the schema's own names",
    "ops/tuning/advice.py": "for a person to read; what is run, psycopg.sql puts together",
    "ops/tuning/printing.py": "as above",
    "ops/tuning/statements.py": "names of the catalogue, quoted",
    "privacy/erasing.py": "the names of tables",
    "reporting/validation/audit.py": "a check of ours",
    "reporting/validation/every_table.py": "tables and columns of the catalogue",
    "research/copying.py": "queries and columns of ours",
    "research/generalising.py": "columns of ours",
    "risk/cohort.py": "the names of tables",
}


def built(source: str) -> list[str]:
    """Return each statement that is put together by an f-string, %, + or format."""
    return [ast.unparse(node)[:80] for node in ast.walk(ast.parse(source)) if _is_built(node)]


def _is_built(node: ast.AST) -> bool:
    if isinstance(node, ast.JoinedStr):
        parts = [part.value for part in node.values if isinstance(part, ast.Constant)]
        whole = any(isinstance(part, ast.FormattedValue) for part in node.values)
        return whole and bool(parts) and node.values[0] is not None and _begins(node.values[0])
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.Add):
        return _begins(node.left)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in ("format", "format_map") and _begins(node.func.value)
    return False


def _begins(node: ast.expr) -> bool:
    """Say whether a text begins like a statement."""
    return (
        isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(STATEMENT.match(node.value))
    )


def _place(path: Path) -> str:
    name = path.relative_to(SOURCE).as_posix()
    return "migrations/" if name.startswith("migrations/") else name


def test_sql_is_built_only_where_it_is_said() -> None:
    found = {_place(path) for path in SOURCE.rglob("*.py") if built(path.read_text(encoding="utf-8"))}

    assert sorted(found - set(BUILT)) == [], "use a named query, or psycopg.sql"
    assert sorted(set(BUILT) - found) == [], "no longer so"


def test_nothing_that_a_door_takes_is_near_it() -> None:
    """Where requests are read, no statement is built at all."""
    rooms = [path for path in SOURCE.rglob("*.py") if "migrations" not in path.parts]
    doors = [path for path in rooms if re.search(r"api|pages", path.stem) or path.parent.name == "app"]

    assert [path.name for path in doors if built(path.read_text(encoding="utf-8"))] == []
    assert len(doors) > 25


@pytest.mark.parametrize(
    "source",
    [
        'f"SELECT {x} FROM y"',
        '"SELECT %s FROM y" % x',
        '"DELETE FROM y WHERE z = " + x',
        '"UPDATE y SET z = {}".format(x)',
        'f"-- why\\nDROP TABLE {x}"',
    ],
)
def test_a_statement_that_is_built_is_noticed(source: str) -> None:
    assert built(source) != []


@pytest.mark.parametrize(
    "source", ['"SELECT 1"', 'f"rollbook {x}"', 'sql.SQL("DROP TABLE {}").format(x)', 'f"{x} SELECT"']
)
def test_what_is_written_or_quoted_is_fine(source: str) -> None:
    assert built(source) == []
