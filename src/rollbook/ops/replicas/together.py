"""The replicas of this machine, started and stopped with their primary.

Who stopped one with `rollbook replica stop` wants it so: it is left alone until `rollbook replica start`.
"""

from collections.abc import Iterator

import psycopg

from rollbook.core.errors import RollbookError
from rollbook.core.progress import Report
from rollbook.core.settings import Settings
from rollbook.ops import postmaster, server
from rollbook.ops.replicas import making
from rollbook.ops.replicas.making import Replica


def start_all(settings: Settings, report: Report, *, durable: bool = True) -> list[str]:
    """Start the replicas that do not run and that nobody stopped on purpose; say of each that cannot why."""
    return [
        f"The replica {replica.name} did not start: {error}"
        for replica in _ours(settings)
        if replica.is_wanted and (error := _start(settings, replica, report, durable=durable))
    ]


def stop_all(settings: Settings, report: Report) -> list[str]:
    """Stop the replicas that run, once their primary has sent them everything; return which."""
    return [
        replica.name
        for replica in _ours(settings)
        if postmaster.find_postmaster(replica.home.data) is not None and _stop(replica, report)
    ]


def _ours(settings: Settings) -> Iterator[Replica]:
    if not server.is_external(settings):
        yield from making.every_replica(settings)


def _start(settings: Settings, replica: Replica, report: Report, *, durable: bool) -> Exception | None:
    try:
        making.start(settings, replica, report, durable=durable)
    except (RollbookError, psycopg.Error) as error:
        return error
    return None


def _stop(replica: Replica, report: Report) -> bool:
    with replica.home.locked(report):
        return making.halt(replica.home)
