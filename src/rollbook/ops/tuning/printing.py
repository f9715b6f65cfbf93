"""How what tuning found is printed for a person."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import typer

from rollbook.core import output

if TYPE_CHECKING:
    from rollbook.ops.tuning.advice import Advice
    from rollbook.ops.tuning.indexes import Drop, Found, Unindexed
    from rollbook.ops.tuning.performance import Performance
    from rollbook.ops.tuning.statements import Usage

_WIDTH: Final = 90


def print_usage(found: "Sequence[Usage]") -> None:
    """Print statements with what they cost."""
    columns = (
        "share",
        "calls",
        "mean ms",
        "stddev",
        "max",
        "p95 at most",
        "rows",
        "temp MB",
        "cache hit",
        "query",
    )
    rows = [
        (
            f"{one.time_share:.0%}",
            one.calls,
            *map(_ms, (one.mean_ms, one.stddev_ms, one.longest_ms, one.p95_at_most_ms)),
            one.rows,
            f"{one.temp_mb:,.1f}",
            _percent(one.cache_hit),
            _cut(one.query),
        )
        for one in found
    ]
    output.print_table(columns, rows)


def print_indexes(found: "Found", drops: "Sequence[Drop]", missing: "Sequence[Unindexed]") -> None:
    """Print what could go, what is broken, and what is missing."""
    rows = [
        *((one.reason, one.name, one.table, _mb(one.size_bytes), _because(one)) for one in drops),
        *(
            ("invalid", one.name, one.table, _mb(one.size_bytes), "a failed build left it")
            for one in found.invalid
        ),
        *(
            (
                "bloated",
                one.name,
                "",
                _mb(one.size_bytes),
                f"{one.filled:.0%} filled; rebuilt {_mb(one.rebuilt_bytes)}",
            )
            for one in found.bloated
        ),
        *(
            (
                "missing",
                one.constraint,
                one.table,
                None,
                f"({', '.join(one.columns)}) -> {one.referred}, {one.rows:,} rows",
            )
            for one in missing
        ),
    ]
    if rows:
        output.print_table(("", "index or key", "table", "size", "why"), rows)
    output.say(f"Reads are counted since {found.since:%Y-%m-%d}, on this server alone.")
    if found.replicas:
        output.say(
            f"{found.replicas} replicas read too: look at `rollbook db indexes` there before you drop one."
        )


def _because(one: "Drop") -> str:
    return f"{one.keeper} does its work" if one.keeper else "nothing read it"


def print_advice(found: "Advice") -> None:
    """Print what to build with what it gives, and what to drop."""
    for one in found.proposals:
        typer.echo(f"{one.statement};")
        typer.echo(
            f"  about {_mb(one.size_bytes)}; saves about {one.saved_ms_per_s:,.2f} ms a second, costs about"
            f" {one.write_cost_ms_per_s:,.2f} ({one.writes_per_s:,.1f} entries a second)"
        )
        for gain in one.gains:
            typer.echo(
                f"  {gain.calls:,} x {_ms(gain.mean_ms)} -> about {_ms(gain.after_ms)} ms: {_cut(gain.query)}"
            )
    for drop in found.drops:
        typer.echo(
            f"DROP INDEX CONCURRENTLY {drop.schema}.{drop.name};  -- {_mb(drop.size_bytes)}, {_because(drop)}"
        )
    if not (found.proposals or found.drops):
        output.say("No index would pay, and none is needless.")
    output.say(f"{found.judged} of {found.statements} statements were judged, of {found.window_s:,.0f} s.")
    for unlike in found.unlike:
        output.say(f"The twin is unlike the database: {unlike}.")


def print_performance(found: "Performance", most: int) -> None:
    """Print what the claim comes to, and the costliest statements."""
    output.print_fields(
        {
            "since": found.since,
            "calls": found.calls,
            "statements": found.statements,
            "not planned": found.unplanned,
            "use an index, of calls": _percent(found.index_share_of_calls),
            "use an index, of statements": _percent(found.index_share_of_statements),
            "read a table whole, of calls": _percent(found.whole_share_of_calls),
            "mean ms": _ms(found.mean_ms),
            "p95 at most ms": _ms(found.p95_at_most_ms),
            "cache hit": _percent(found.cache_hit),
        }
        | {
            claim: {True: "holds", False: "does not hold", None: None}[holds]
            for claim, holds in found.claims.items()
        }
    )
    if found.unplanned:
        output.say(
            "Not planned: statements that PostgreSQL cannot plan by their text alone, and those of roles"
            " that this connection's role is no member of."
        )
    rows = [
        (
            one.usage.calls,
            _ms(one.usage.mean_ms),
            _ms(one.usage.p95_at_most_ms),
            _percent(one.usage.cache_hit),
            ", ".join(one.indexes or ()) or None,
            ", ".join(one.whole) or None,
            _cut(one.usage.query),
        )
        for one in found.queries[:most]
    ]
    output.print_table(
        ("calls", "mean ms", "p95 at most", "cache hit", "indexes", "read whole", "query"), rows
    )


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..."


def _ms(value: float) -> str:
    return f"{value:,.2f}" if value < 100 else f"{value:,.0f}"  # noqa: PLR2004 -- three digits either way


def _mb(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.1%}"
