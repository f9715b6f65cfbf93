"""The server at a glance, on a terminal: one frame from one look."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from rollbook.core.checks import State
from rollbook.core.words import many
from rollbook.ops.watch.health import Look, judge
from rollbook.ops.watch.quantities import share, size, span

_STYLES = {State.FINE: "", State.WARNING: "yellow", State.WRONG: "bold red"}
_TABLES = 8


def frame(looked: Look, before: Look | None = None, seconds: float = 0) -> RenderableType:
    """Return one frame; with the look ``before`` it, rates a second too."""
    parts = [_head(looked), _figures(looked, before, seconds), _findings(looked)]
    parts += filter(None, [_blockers(looked), _old(looked), _standbys(looked), _largest(looked)])
    return Group(*parts)


def _head(looked: Look) -> Text:
    server = looked.seen.one("server")
    now = datetime.now(UTC)
    if server is None:
        return Text("PostgreSQL", style="bold")
    up = span(now.timestamp() - server["started_seconds"])
    return Text(f"PostgreSQL {server['version']}, up {up}; {now:%H:%M:%S} UTC", style="bold")


def _figures(looked: Look, before: Look | None, seconds: float) -> Table:
    grid = Table.grid(padding=(0, 2))
    for name, value in _lines(looked, before, seconds):
        grid.add_row(Text(name, style="dim"), value)
    return grid


def _lines(looked: Look, before: Look | None, seconds: float) -> Iterable[tuple[str, str]]:
    seen = looked.seen
    if limit := seen.one("connection_limit"):
        states = (f"{row['connections']} {row['state']}" for row in seen.all("connections"))
        yield "connections", f"{limit['connections']} of {limit['most']}: {', '.join(states)}"
    if database := seen.one("database"):
        asked = database["blocks_hit"] + database["blocks_read"]
        yield "database", f"{size(database['bytes'])}; {share(database['blocks_hit'], asked)} found in memory"
        if before and (earlier := before.seen.one("database")) and seconds:
            done = database["commits"] + database["rollbacks"] - earlier["commits"] - earlier["rollbacks"]
            yield "transactions", f"{done / seconds:,.1f} a second"
    if wal := seen.one("wal"):
        earlier = before.seen.one("wal") if before else None
        rate = (
            f"; {size((wal['bytes'] - earlier['bytes']) / seconds)} a second" if earlier and seconds else ""
        )
        yield "log", f"{size(wal['bytes'])} written{rate}"
    if looked.disk:
        yield "disk", f"{size(looked.disk.free)} of {size(looked.disk.size)} free"


def _findings(looked: Look) -> RenderableType:
    found = [one for one in judge(looked) if one.state is not State.FINE]
    if not found:
        return Text("Nothing needs doing.")
    # the word too: some have no colours
    lines = (
        Text(f"{one.state.value}: {one.name}: {one.sentence}", style=_STYLES[one.state]) for one in found
    )
    return Group(*lines)


def away() -> RenderableType:
    """Return the frame for a server that does not answer."""
    return Text(f"PostgreSQL does not answer; {datetime.now(UTC):%H:%M:%S} UTC", style=_STYLES[State.WRONG])


def _blockers(looked: Look) -> Table | None:
    rows = [
        (
            row["pid"],
            row["application"] or row["role"],
            span(row["seconds"]),
            f"{row['mode'] or 'lock'} on {row['relation'] or 'a transaction'}",
            f"{row['blocking_pid']} {row['blocking_application'] or row['blocking_role'] or ''}",
        )
        for row in looked.seen.all("blockers")
    ]
    return _table("Who waits for whom", ("pid", "who", "for", "wants", "held by"), rows)


def _old(looked: Look) -> Table | None:
    rows = [
        (row["pid"], row["application"] or row["role"], span(row["seconds"]), row["state"], row["waits_for"])
        for row in looked.seen.all("old_sessions")
    ]
    return _table("Oldest transactions", ("pid", "who", "for", "state", "waits for"), rows)


def _standbys(looked: Look) -> Table | None:
    rows = [
        ("replica", row["name"], row["state"], size(row["lag_bytes"] or 0), span(row["lag_seconds"]))
        for row in looked.seen.all("replicas")
    ]
    rows += [
        (
            "slot",
            row["name"],
            "read" if row["is_active"] else "not read",
            size(row["retained_bytes"] or 0),
            "",
        )
        for row in looked.seen.all("slots")
    ]
    return _table("Copies", ("", "name", "state", "behind or kept", ""), rows)


def _largest(looked: Look) -> Table | None:
    rows = [
        (row["table_name"], f"{row['live']:,.0f}", f"{row['dead']:,.0f}", size(row["bytes"]))
        for row in looked.seen.all("tables")[:_TABLES]
        if row["bytes"]
    ]
    return _table(f"The largest {many(len(rows), 'table')}", ("table", "live", "dead", "size"), rows)


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Table | None:
    if not rows:
        return None
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="dim")
    for name in columns:
        table.add_column(name)
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    return table
