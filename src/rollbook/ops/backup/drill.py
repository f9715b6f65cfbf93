"""The drill: a restore in earnest, in private, from the repository alone, and the signed record of it.

What it proves: the chain opens and every file is the one that was copied; the server comes up, and each table
holds at the backup's own restore point what it held there; the log after it replays to its end; every index and
table is sound; the application's own questions are answered. Nothing of it touches the live server.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psycopg

from rollbook.core import clock
from rollbook.core.errors import RollbookError
from rollbook.core.progress import Report, Silent
from rollbook.core.settings import Settings
from rollbook.ops.backup.comparing import compared
from rollbook.ops.backup.kept import Kept
from rollbook.ops.backup.lsn import show_lsn
from rollbook.ops.backup.proofs import Proof, keep_proof
from rollbook.ops.backup.recovering import Recovery, unpacked
from rollbook.ops.backup.targets import NEWEST, Plan, Target, plan
from rollbook.ops.embedded import home_of
from rollbook.ops.roles import Connection

Question = str | Callable[[Connection], object]
_MOST_FINDINGS: Final = 20
_SILENT: Final = Silent()


@dataclass(slots=True)
class _Run:
    """What a drill has found so far."""

    report: Report
    seconds: dict[str, float] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)

    @contextmanager
    def step(self, name: str, title: str) -> Iterator[None]:
        self.report.step(title)
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(time.monotonic() - began, 3)


def drill(
    settings: Settings,
    kept: Kept,
    backup_id: str = NEWEST,
    questions: Mapping[str, Question] | None = None,
    report: Report = _SILENT,
) -> Proof:
    """Restore a backup in private and see whether it is all there; keep the signed record in the repository.

    ``questions`` by name: SQL that has to return true or, if it returns anything else, to succeed; or a
    function that is given a connection and must not raise.
    Raises: what keeps a drill from being held at all (``NoBackup``, ``NoProgramsFor``, the repository's
    errors); what is wrong with a backup is in the proof's ``findings``.
    """
    began, found = clock.now(), plan(kept, backup_id, Target("latest"))
    run, facts = _Run(report), dict[str, Any]()
    home = home_of(settings)
    home.make()
    try:
        facts = _restore(settings, kept, found, home.path, run, questions or {})
    except RollbookError as error:
        run.findings.append(str(error))
    proof = _proof(found, began, run, facts)
    return keep_proof(kept, proof)


def _restore(
    settings: Settings, kept: Kept, found: Plan, below: Path, run: _Run, questions: Mapping[str, Question]
) -> dict[str, Any]:
    began = time.monotonic()
    with unpacked(kept, found, settings, below, run.report) as recovery:
        run.seconds["unpack"] = round(time.monotonic() - began, 3)
        _compare(recovery, run)
        with run.step("replay", "Replaying the log"):
            recovery.run_to_target()
        lsn, was_at = recovery.reached()
        rto_s = run.seconds["unpack"] + run.seconds["replay"] + run.seconds.get("start", 0)
        with run.step("amcheck", "Checking every table and index"):
            run.findings.extend(_amcheck(recovery))
        with run.step("questions", "Asking what the application asks"):
            run.findings.extend(_ask(recovery, questions))
    return {"lsn": show_lsn(lsn), "was_at": was_at, "rto_s": round(rto_s, 3), "asked": sorted(questions)}


def _compare(recovery: Recovery, run: _Run) -> None:
    """Hold it where the backup was marked, and compare each table."""
    if not recovery.plan.backup.tables:
        return
    with run.step("start", "Starting it"):
        recovery.run_to_mark()
    with run.step("compare", "Comparing every table with what it held"):
        run.findings.extend(compared(recovery.scratch, recovery.plan.backup)[:_MOST_FINDINGS])
    recovery.scratch.stop()


def _amcheck(recovery: Recovery) -> Iterator[str]:
    """Yield what pg_amcheck finds; it quotes no rows."""
    scratch = recovery.scratch
    where = ["--host", str(scratch.sockets), "--port", "5432", "--username", scratch.superuser]
    done = scratch.run(
        "pg_amcheck",
        *where,
        "--no-password",
        "--all",
        "--install-missing",
        "--heapallindexed",
        "--rootdescend",
    )
    if done.returncode != 0:
        told = (done.stdout + done.stderr).splitlines()
        yield from [f"pg_amcheck: {line.strip()}" for line in told if line.strip()][:_MOST_FINDINGS]


def _ask(recovery: Recovery, questions: Mapping[str, Question]) -> Iterator[str]:
    with recovery.scratch.connect(recovery.plan.backup.database or "postgres") as db:
        for name, question in questions.items():
            if (fault := _fault(db, question)) is not None:
                yield f"{name}: {fault}"


def _fault(db: Connection, question: Question) -> str | None:
    """Return what is wrong with the answer. An error's text may quote a row, so its kind alone is told."""
    try:
        if callable(question):
            question(db)
            return None
        said = db.execute(question.encode()).fetchone()
    except (psycopg.Error, RollbookError, AssertionError) as error:
        return f"failed ({type(error).__name__})"
    return "answered no" if said == (False,) else None


def _proof(found: Plan, began: datetime, run: _Run, facts: Mapping[str, Any]) -> Proof:
    not_compared = found.backup.facts.get("not_compared")
    return Proof(
        backup_id=found.backup.backup_id,
        backup_at=found.backup.ended_at,
        chain=len(found.chain),
        began_at=began,
        ended_at=clock.now(),
        is_proven=not run.findings,
        findings=tuple(run.findings),
        rto_s=facts.get("rto_s"),
        rpo_s=round(max(0.0, (began - found.coverage.until).total_seconds()), 3),
        lsn=facts.get("lsn"),
        was_at=facts.get("was_at"),
        bytes=sum(one.bytes for one in found.chain),
        tables=len(found.backup.tables),
        rows=sum(one.rows for one in found.backup.tables.values()),
        not_compared=str(not_compared) if not_compared else None,
        asked=tuple(facts.get("asked", ())),
        seconds=dict(run.seconds),
    )


def as_facts(proof: Proof) -> dict[str, Any]:
    """Return what `operations.runs` remembers of a drill."""
    return asdict(proof)
