"""The drill: a restore in earnest, in private, from the repository alone, and the signed record of it.

What it proves: the chain opens and every file is the one that was copied; the server comes up, and each table
holds at the backup's own restore point what it held there; the log after it replays to its end; every table
and index is sound; the application's own questions are answered. Nothing of it touches the live server.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import psycopg
from sqlalchemy import URL

from rollbook.core import clock
from rollbook.core.checks import State
from rollbook.core.database import close_engines
from rollbook.core.errors import RollbookError
from rollbook.core.progress import Report
from rollbook.core.settings import Settings
from rollbook.ops import roles
from rollbook.ops.backup.errors import RepositoryFull, RepositoryRefused, RepositoryUnreachable
from rollbook.ops.backup.manifest import Backup, Catalog
from rollbook.ops.backup.smoke import Smoke, handed_in
from rollbook.ops.backup.vault import Vault
from rollbook.ops.embedded import home_of
from rollbook.ops.recovery.comparing import compared
from rollbook.ops.recovery.errors import NoProgramsFor, NotPhysical, ProofNotKept
from rollbook.ops.recovery.lsn import show_lsn
from rollbook.ops.recovery.proofs import Proof, keep_proof
from rollbook.ops.recovery.recovering import Recovery, unpacked
from rollbook.ops.recovery.targets import NEWEST, Logs, Plan, Target, copies, plan_of
from rollbook.ops.recovery.wal_catalog import marks_of, stopped_at

_MOST_FINDINGS: Final = 20
# what says nothing about the backup
_NOT_THE_BACKUP: Final = (RepositoryUnreachable, RepositoryRefused, NoProgramsFor)


@dataclass(slots=True)
class _Run:
    """What a drill has found so far."""

    report: Report
    backup: Backup
    began: datetime
    plan: Plan | None = None
    facts: dict[str, Any] = field(default_factory=dict)
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
    catalog = vault.catalog()
    backup = copies(catalog)[-1] if backup_id == NEWEST else catalog.find(backup_id)
    if not backup.is_physical:
        raise NotPhysical(backup_id=backup.backup_id)
    run = _Run(vault.report, backup, clock.now())
    try:
        run.plan = _planned(catalog, Logs(vault), backup)
        _hold(settings, vault, run.plan, run, handed_in() if smoke is None else smoke)
    except _NOT_THE_BACKUP:
        raise
    except RollbookError as error:
        run.findings.append(str(error))
    except psycopg.Error as error:  # the restored server died; what it says so names no rows
        run.findings.append(f"it does not answer any more: {type(error).__name__}")
    return _kept(vault, _proof(run))


def _kept(vault: Vault, proof: Proof) -> Proof:
    try:
        return keep_proof(vault, proof)
    except (RepositoryUnreachable, RepositoryRefused, RepositoryFull) as error:
        found = "; ".join(proof.findings) or "all of it was there again"
        raise ProofNotKept(backup_id=proof.backup_id, found=found, reason=error) from error


def _planned(catalog: Catalog, logs: Logs, backup: Backup) -> Plan:
    """Choose all of the log; of a backup that was restored to before its own mark, what its server did."""
    found = plan_of(catalog, logs, backup, Target("latest"))
    if all(found.wal.is_on(found.line, mark) for mark in marks_of([backup])):
        return found
    return plan_of(catalog, logs, backup, Target("latest", timeline=backup.timeline))


def _hold(settings: Settings, vault: Vault, found: Plan, run: _Run, smoke: Sequence[Smoke]) -> None:
    home, since = home_of(settings), time.monotonic()
    home.make()
    with unpacked(vault, found, settings, home.path) as recovery:
        run.seconds["unpack"] = round(time.monotonic() - since, 3)
        run.facts = _look(recovery, run, smoke)


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
    told = recovery.plan.backup.facts.get("roles", {})
    names = [str(told.get(role, role)) for role in (roles.APP, roles.OWNER)]
    if smoke and (missing := _missing(recovery, names)):
        yield f"the roles that the application works as are not there: {', '.join(missing)}"
        return
    urls = [_url(recovery, name) for name in names]
    try:
        for look in smoke:
            yield from (one.sentence for one in look(*urls) if one.state is State.WRONG)
    except Exception as error:  # noqa: BLE001 -- whatever it is, the application does not work with this
        yield f"what the application asks fails: {type(error).__name__}"
    finally:
        for url in urls:
            close_engines(url)


def _missing(recovery: Recovery, names: list[str]) -> list[str]:
    with recovery.scratch.connect("postgres") as db:
        there = {str(name) for (name,) in db.execute("SELECT rolname FROM pg_roles")}
    return [name for name in names if name not in there]


def _url(recovery: Recovery, role: str) -> str:
    """Return how a role connects, over the private socket."""
    url = URL.create(
        "postgresql",
        username=role,
        database=recovery.plan.backup.database or "postgres",
        query={"host": str(recovery.scratch.sockets), "port": "5432"},
    )
    return url.render_as_string(hide_password=False)


def _proof(run: _Run) -> Proof:
    backup, chain = run.backup, run.plan.chain if run.plan else ()
    not_compared = backup.facts.get("not_compared")
    until = run.plan.coverage.until if run.plan else stopped_at(backup)
    return Proof(
        backup_id=backup.backup_id,
        backup_at=backup.ended_at,
        chain=len(chain),
        began_at=run.began,
        ended_at=clock.now(),
        is_proven=not run.findings,
        findings=tuple(run.findings),
        rto_s=run.facts.get("rto_s"),
        rpo_s=round(max(0.0, (run.began - until).total_seconds()), 3),
        lsn=run.facts.get("lsn"),
        was_at=run.facts.get("was_at"),
        bytes=sum(one.bytes for one in chain),
        tables=len(backup.tables),
        rows=sum(one.rows for one in backup.tables.values()),
        not_compared=str(not_compared) if not_compared else None,
        seconds=dict(run.seconds),
    )
