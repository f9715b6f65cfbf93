"""From effects and sizes to stalls: how long somebody would wait, said in sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rollbook.ops.lens.copying import Speeds
from rollbook.ops.lens.observing import MODES, Effect

INSTANT_S: Final = 0.05
LONG_S: Final = 1.0
_MB: Final = 1_000_000
_NAMES: Final = {
    "AccessShareLock": "ACCESS SHARE",
    "RowShareLock": "ROW SHARE",
    "RowExclusiveLock": "ROW EXCLUSIVE",
    "ShareUpdateExclusiveLock": "SHARE UPDATE EXCLUSIVE",
    "ShareLock": "SHARE",
    "ShareRowExclusiveLock": "SHARE ROW EXCLUSIVE",
    "ExclusiveLock": "EXCLUSIVE",
    "AccessExclusiveLock": "ACCESS EXCLUSIVE",
}
_BLOCKS_WRITERS: Final = MODES.index("ShareLock")
_BLOCKS_READERS: Final = MODES.index("AccessExclusiveLock")


@dataclass(frozen=True, slots=True)
class Size:
    """A table as it is. Units: bytes; writes and reads (scans) per second."""

    bytes: int = 0
    index_bytes: int = 0
    row_count: int = 0
    writes_per_s: float = 0.0
    reads_per_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """A statement, how long its work takes, and what that means. Units: ``work_s`` at least, seconds."""

    effect: Effect
    work_s: float
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stall:
    """How long others wait for a table: writers, and readers too if ``blocks_readers``."""

    table: str
    seconds: float
    blocks_readers: bool
    waiting_writes: float
    waiting_reads: float

    @property
    def is_long(self) -> bool:
        """Say whether people notice."""
        return self.seconds >= LONG_S


@dataclass(frozen=True, slots=True)
class Forecast:
    """One migration: its steps, and the stalls that they add up to, the longest first."""

    revision: str
    title: str
    steps: tuple[Step, ...]
    stalls: tuple[Stall, ...]
    sentences: tuple[str, ...] = ()

    @property
    def is_safe(self) -> bool:
        """Say whether nobody waits long."""
        return not any(stall.is_long for stall in self.stalls)


def forecast(
    revision: str, title: str, effects: Sequence[Effect], sizes: Mapping[str, Size], speeds: Speeds
) -> Forecast:
    """Say what a migration costs others. It is one transaction: a lock is held until it ends."""
    steps = tuple(_step(effect, sizes, speeds) for effect in effects)
    held: dict[str, Stall] = {}
    for number, step in enumerate(steps):
        rest_s = sum(later.work_s for later in _until_commit(steps[number:]))
        for table, mode in step.effect.locks.items():
            _hold(held, table, mode, max(rest_s, 0.0), sizes.get(table))
    stalls = tuple(sorted(held.values(), key=lambda stall: -stall.seconds))
    made = Forecast(revision, title, steps, stalls)
    return replace(made, sentences=_sum_up(made))


def _until_commit(steps: Sequence[Step]) -> Sequence[Step]:
    """Return the statements up to the next one that runs in no transaction, which commits those before it."""
    if steps[0].effect.by_rule:
        return steps[:1]
    ends = [number for number, step in enumerate(steps) if step.effect.by_rule]
    return steps[: ends[0]] if ends else steps


def _hold(held: dict[str, Stall], table: str, mode: str, seconds: float, size: Size | None) -> None:
    strength = MODES.index(mode)
    if strength < _BLOCKS_WRITERS or mode == "ShareUpdateExclusiveLock" or size is None:
        return
    known = held.get(table)
    longest = max(seconds, known.seconds if known else 0.0)
    reads = strength >= _BLOCKS_READERS or bool(known and known.blocks_readers)
    waiting_reads = longest * size.reads_per_s if reads else 0.0
    held[table] = Stall(table, longest, reads, longest * size.writes_per_s, waiting_reads)


def _step(effect: Effect, sizes: Mapping[str, Size], speeds: Speeds) -> Step:
    work_s = 0.0
    for table in {*effect.rewritten, *effect.built, *effect.scanned}:
        work_s += _work_s(effect, table, sizes.get(table, Size()), speeds)
    return Step(effect, work_s, tuple(_sentences(effect, sizes, work_s)))


def _work_s(effect: Effect, table: str, size: Size, speeds: Speeds) -> float:
    todo = speeds.bytes_to_do(size.bytes, size.row_count)
    if table in effect.rewritten:
        return todo / speeds.rewrite + size.index_bytes / speeds.build
    times = 2 if effect.by_rule else 1  # CONCURRENTLY reads a table twice
    return times * todo / (speeds.build if table in effect.built else speeds.scan)


def _sentences(effect: Effect, sizes: Mapping[str, Size], work_s: float) -> list[str]:
    said = [_lock(mode, tables) for mode, tables in _by_mode(effect.locks).items()]
    for verb, done in (("Writes", effect.rewritten), ("Builds an index on", effect.built)):
        said += [f"{verb} {_listed(done, sizes)}{' anew' if verb == 'Writes' else ''}."] if done else []
    read = [table for table in effect.scanned if table not in {*effect.rewritten, *effect.built}]
    said += [f"Reads all of {_listed(read, sizes)}."] if read else []
    if effect.statement.upper().startswith(("UPDATE ", "DELETE ", "WITH ")):
        said.append("Each row that it changes is locked until the migration ends.")
    if effect.by_rule:
        said.append("Runs in no transaction: what came before it is committed, and stays if it fails.")
    if work_s >= INSTANT_S:
        said.append(f"At least {work_s:.1f} s of work.")
    return said or ["Touches nothing that was there before."]


def _by_mode(locks: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the tables by lock, the strongest first; those that stop nobody are left out."""
    modes = sorted(set(locks.values()), key=MODES.index, reverse=True)
    counted = [mode for mode in modes if MODES.index(mode) > MODES.index("RowShareLock")]
    return {mode: [table for table, held in locks.items() if held == mode] for mode in counted}


def _lock(mode: str, tables: Sequence[str]) -> str:
    strength = MODES.index(mode)
    if strength >= _BLOCKS_READERS:
        who = "readers and writers wait"
    elif strength >= _BLOCKS_WRITERS:
        who = "writers wait, readers do not"
    else:
        who = "readers and writers go on"
    return f"Takes {_NAMES[mode]} on {_names(tables)}: {who}."


def _names(tables: Sequence[str]) -> str:
    shown = ", ".join(tables[:3])
    return f"{shown} and {len(tables) - 3} more" if len(tables) > 3 else shown  # noqa: PLR2004 -- what is read at once


def _listed(tables: Sequence[str], sizes: Mapping[str, Size]) -> str:
    found = [sizes.get(table, Size()) for table in tables]
    size, rows = sum(one.bytes for one in found), sum(one.row_count for one in found)
    return f"{_names(tables)} ({size / _MB:,.1f} MB, about {rows:,} rows)"


def _sum_up(made: Forecast) -> tuple[str, ...]:
    if made.is_safe:
        return (
            "Nobody waits long: locks are held an instant, and waited for 150 ms each at most, 1 s in all.",
        )
    return tuple(_wait(stall) for stall in made.stalls if stall.is_long)


def _wait(stall: Stall) -> str:
    who = "Readers and writers" if stall.blocks_readers else "Writers"
    return (
        f"{who} of {stall.table} would wait at least {stall.seconds:.1f} s, at the present rate"
        f" {stall.waiting_reads:,.0f} reads and {stall.waiting_writes:,.0f} written rows."
    )
