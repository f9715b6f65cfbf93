"""Look over the replicas: whether they follow, and that none of them takes writes beside the primary."""

from collections.abc import Iterator
from typing import Final

import psycopg

from rollbook.core.checks import Checked, State, fine
from rollbook.core.settings import Settings
from rollbook.ops import postmaster, server
from rollbook.ops.embedded import home_of
from rollbook.ops.replicas.promoting import FORMER
from rollbook.ops.replicas.standing import Standing, status_of

_NAME: Final = "replicas"
_FAR_BEHIND: Final = 64 * 1024 * 1024
_MIB: Final = 1024 * 1024


def look_over(settings: Settings) -> list[Checked]:
    """Return what is found; nothing where there is no replica and never was one."""
    found = [check for each in status_of(settings) for check in _look_at(settings, each)]
    return [*found, *_former(settings)]


def _look_at(settings: Settings, each: Standing) -> Iterator[Checked]:
    if not each.is_running:
        yield Checked(
            _NAME,
            State.WARNING,
            f"The replica {each.name} does not answer; pages read from the primary alone.",
            f"rollbook replica start {each.name}" if each.kind == "embedded" else "Ask whoever runs it.",
        )
    elif each.takes_writes:
        yield _split(each, is_primary_alive=_is_primary_alive(settings))
    elif each.slot == "lost" or (each.kind == "embedded" and each.slot is None):
        yield Checked(
            _NAME,
            State.WARNING,
            f"The replica {each.name} was away too long: what it lacks is not kept any more.",
            f"rollbook replica remove {each.name} --yes; rollbook replica add {each.name}",
        )
    elif each.behind_bytes is not None and (each.behind_bytes > _FAR_BEHIND or not each.is_streaming):
        yield Checked(
            _NAME,
            State.WARNING,
            f"The replica {each.name} is {each.behind_bytes / _MIB:.0f} MiB behind"
            f"{'' if each.is_streaming else ' and does not follow'}.",
            "Look at its log; pages do not read from it meanwhile.",
        )
    else:
        yield fine(_NAME, f"The replica {each.name} follows the primary.")


def _split(each: Standing, *, is_primary_alive: bool) -> Checked:
    beside = " beside the primary" if is_primary_alive else ""
    return Checked(
        _NAME,
        State.WRONG,
        f"{each.name} is no replica any more: it takes writes{beside}, on timeline {each.timeline}.",
        "Decide at once which of the two is right, and stop the other. If it is the primary:"
        f" rollbook replica remove {each.name} --yes; if it is {each.name}:"
        f" rollbook down, then rollbook replica promote {each.name}."
        if each.kind == "embedded"
        else "Let whoever runs them stop one; ROLLBOOK_REPLICA_URL is not read from meanwhile.",
    )


def _is_primary_alive(settings: Settings) -> bool:
    if not server.is_external(settings):
        return postmaster.find_postmaster(home_of(settings).data) is not None
    try:
        with psycopg.connect(server.status(settings).url, connect_timeout=5) as db:
            return db.execute("SELECT NOT pg_is_in_recovery()").fetchone() == (True,)
    except psycopg.Error:
        return False


def _former(settings: Settings) -> Iterator[Checked]:
    """A former primary that somebody started: it was marked to take no writes."""
    if server.is_external(settings):
        return
    for data in sorted((home_of(settings).path / FORMER).glob("*")):
        if postmaster.find_postmaster(data) is None:
            continue
        is_fenced = (data / "standby.signal").exists()
        yield Checked(
            _NAME,
            State.WARNING if is_fenced else State.WRONG,
            f"A former primary runs from {data}"
            + ("; it takes no writes." if is_fenced else ", and takes writes that nobody else has."),
            "Stop it: pg_ctl stop -D the folder.",
        )
