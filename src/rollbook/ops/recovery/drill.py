"""The drill: a restore in earnest, in private, from the repository alone, and the signed record of it.

What it proves: the chain opens and every file is the one that was copied; the server comes up, and each table
holds at the backup's own restore point what it held there; the log after it replays to its end; every table
and index is sound; the application's own questions are answered. Nothing of it touches the live server.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import URL

from rollbook.core import clock
from rollbook.core.checks import State
from rollbook.core.database import close_engines
from rollbook.core.errors import RollbookError
from rollbook.core.progress import Report
from rollbook.core.settings import Settings
from rollbook.ops import roles
from rollbook.ops.backup.smoke import Smoke, handed_in
from rollbook.ops.backup.vault import Vault
from rollbook.ops.embedded import home_of
from rollbook.ops.recovery.comparing import compared
from rollbook.ops.recovery.lsn import show_lsn
from rollbook.ops.recovery.proofs import Proof, keep_proof
from rollbook.ops.recovery.recovering import Recovery, unpacked
from rollbook.ops.recovery.targets import NEWEST, Plan, Target, plan

_MOST_FINDINGS: Final = 20


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
    settings: Settings, vault: Vault, backup_id: str = NEWEST, smoke: Sequence[Smoke] | None = None
) -> Proof:
    """Restore a backup in private and see whether it is all there; keep the signed record in the repository.

    ``smoke``: what the application asks of it, by default all that was handed in.
    Raises: what keeps a drill from being held at all (``NoBackup``, ``NoProgramsFor``, the repository's
    errors); what is wrong with a backup is in the proof's ``findings``.
    """
    began, found = clock.now(), plan(vault, backup_id, Target("latest"))
    run, facts = _Run(vault.report), dict[str, Any]()
    home, since = home_of(settings), time.monotonic()
    home.make()
    try:
        with unpacked(vault, found, settings, home.path) as recovery:
            run.seconds["unpack"] = round(time.monotonic() - since, 3)
            facts = _look(recovery, run, handed_in() if smoke is None else smoke)
    except RollbookError as error:
        run.findings.append(str(error))
    proof = _proof(found, began, run, facts)
    return keep_proof(vault, proof)


def _look(recovery: Recovery, run: _Run, smoke: Sequence[Smoke]) -> dict[str, Any]:
    _compare(recovery, run)
    with run.step("replay", "Replaying the log"):
        recovery.run_to_target()
    lsn, was_at = recovery.reached()
    with run.step("amcheck", "Checking every table and index"):
        run.findings.extend(_amcheck(recovery))
    with run.step("smoke", "Asking what the application asks"):
        run.findings.extend(_ask(recovery, smoke))
    rto_s = sum(run.seconds.get(step, 0) for step in ("unpack", "start", "replay"))
    return {"lsn": show_lsn(lsn), "was_at": was_at, "rto_s": round(rto_s, 3)}


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


def _ask(recovery: Recovery, smoke: Sequence[Smoke]) -> Iterator[str]:
    """Yield what the application finds wrong. An error's text may quote a row, so its kind alone is told."""
    urls = [_url(recovery, role) for role in (roles.APP, roles.OWNER)]
    try:
        for look in smoke:
            yield from (one.sentence for one in look(*urls) if one.state is State.WRONG)
    except Exception as error:  # noqa: BLE001 -- whatever it is, the application does not work with this
        yield f"what the application asks fails: {type(error).__name__}"
    finally:
        for url in urls:
            close_engines(url)


def _url(recovery: Recovery, role: str) -> str:
    """Return how a role connects, over the private socket; the superuser's where there is no such role."""
    scratch, database = recovery.scratch, recovery.plan.backup.database or "postgres"
    with scratch.connect(database) as db:
        is_there = db.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    url = URL.create(
        "postgresql",
        username=role if is_there else scratch.superuser,
        database=database,
        query={"host": str(scratch.sockets), "port": "5432"},
    )
    return url.render_as_string(hide_password=False)


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
        seconds=dict(run.seconds),
    )
