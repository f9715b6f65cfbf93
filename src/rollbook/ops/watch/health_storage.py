"""What the measures of the log, its copies, the cache and the disk mean."""

from typing import Final

from rollbook.core.checks import Checked, State, fine
from rollbook.core.words import many
from rollbook.ops.watch.measures import Seen
from rollbook.ops.watch.quantities import share, size, span
from rollbook.ops.watch.samples import Disk, Growth, days_left

_GIB: Final = 1024**3
_LAG_BYTES: Final = 256 * 1024**2
_LAG_S: Final = 300
_RETAINED: Final = 2 * _GIB
_WAITING_FILES: Final = 20
_FEW_BLOCKS: Final = 100_000
_CACHED: Final = 0.9
_FEW_CHECKPOINTS: Final = 20
_SMALL_SHARE: Final = 0.1
_SMALLEST_SHARE: Final = 0.03
_SOON_DAYS: Final = 30
_VERY_SOON_DAYS: Final = 7
_DAY_S: Final = 86_400


def replication(seen: Seen) -> Checked | None:
    """Say how far replicas are behind; on a replica, how far this one is."""
    streams, standby = seen.one("replication"), seen.one("standby")
    if streams is None or standby is None:
        return None
    if standby["is_standby"] and standby["lag_seconds"] > _LAG_S:
        sentence = f"This server is a copy, {span(standby['lag_seconds'])} behind."
        return Checked("replication", State.WARNING, sentence, "see why replaying is slow: rollbook monitor")
    behind = f"{size(streams['lag_bytes'])} or {span(streams['lag_seconds'])} behind"
    if streams["lag_bytes"] > _LAG_BYTES or streams["lag_seconds"] > _LAG_S:
        mend = "look at the replica's log and network; a copy that is behind serves old records"
        return Checked("replication", State.WARNING, f"A replica is {behind}.", mend)
    if not streams["replicas"]:
        return fine("replication", "No replica streams from this server.")
    return fine("replication", f"{many(streams['replicas'], 'replica')}, at most {behind}.")


def slots(seen: Seen) -> Checked | None:
    """Say what replication slots keep from being removed: a forgotten one fills the disk."""
    totals = seen.one("slot_totals")
    if totals is None:
        return None
    if totals["lost"]:
        names = ", ".join(row["name"] for row in seen.all("slots") if row["status"] == "lost")
        sentence = f"What the replication slots {names} were to keep is gone: their readers cannot go on."
        return Checked("slots", State.WRONG, sentence, "make their replicas anew, and drop the slots")
    if totals["inactive"] and totals["retained_bytes"] > _RETAINED:
        idle = ", ".join(row["name"] for row in seen.all("slots") if not row["is_active"])
        sentence = f"Nobody reads the slots {idle}, for which {size(totals['retained_bytes'])} are kept."
        mend = "SELECT pg_drop_replication_slot(NAME), or start their reader; set max_slot_wal_keep_size"
        return Checked("slots", State.WARNING, sentence, mend)
    total = totals["active"] + totals["inactive"]
    if not total:
        return fine("slots", "No replication slot keeps anything.")
    return fine(
        "slots", f"{many(total, 'slot')}, for which at most {size(totals['retained_bytes'])} are kept."
    )


def archiving(seen: Seen) -> Checked | None:
    """Say whether the log is archived where it is to be."""
    archiver, waiting = seen.one("archiver"), seen.one("archive_waiting")
    if archiver is None:
        return None
    if not archiver["is_on"]:
        return fine("archiving", "PostgreSQL itself archives no log (archive_mode is off).")
    files = waiting["files"] if waiting else 0
    if archiver["failed_last"] or files > _WAITING_FILES:
        sentence = (
            f"Archiving the log fails: {many(files, 'file')} waiting, {archiver['failed']:,.0f} failures."
        )
        return Checked(
            "archiving", State.WRONG, sentence, "see `rollbook logs` for what archive_command said"
        )
    last = archiver["last_seconds"]
    when = f"the last file {span(last)} ago" if last is not None else "nothing to archive yet"
    return fine("archiving", f"The log is archived, {when}.")


def checkpoints(seen: Seen) -> Checked | None:
    """Say whether checkpoints come too often, so that pages are written again and again."""
    found = seen.one("checkpoints")
    if found is None:
        return None
    total = found["timed"] + found["requested"]
    sentence = f"Checkpoints that came before their time: {found['requested']:,.0f} of {total:,.0f}."
    if total < _FEW_CHECKPOINTS or found["requested"] <= total / 2:
        return fine("checkpoints", sentence)
    return Checked("checkpoints", State.WARNING, sentence, "raise max_wal_size, then SELECT pg_reload_conf()")


def cache(seen: Seen) -> Checked | None:
    """Say what share of pages was found in memory."""
    found = seen.one("database")
    if found is None:
        return None
    asked = found["blocks_hit"] + found["blocks_read"]
    sentence = f"{share(found['blocks_hit'], asked)} of {asked:,.0f} pages were found in memory."
    if asked < _FEW_BLOCKS or found["blocks_hit"] >= _CACHED * asked:
        return fine("cache", sentence)
    return Checked("cache", State.WARNING, sentence, "rollbook db slow; or more memory, and shared_buffers")


def checksums(seen: Seen) -> Checked | None:
    """Say whether pages were damaged on the disk."""
    found, server = seen.one("checksums"), seen.one("server")
    if found is None or server is None:
        return None
    if found["failures"]:
        sentence = (
            f"{many(found['failures'], 'page')} did not match their checksum: the disk or memory fails."
        )
        return Checked("checksums", State.WRONG, sentence, "restore from a backup onto another machine")
    if not server["has_checksums"]:
        sentence = "Pages have no checksums: a disk that fails would go unnoticed."
        return Checked("checksums", State.WARNING, sentence, "stop PostgreSQL; pg_checksums --enable")
    return fine("checksums", "No page failed its checksum.")


def disk(found: Disk | None, growth: Growth | None) -> Checked | None:
    """Say for how long the disk lasts."""
    if found is None:
        return None
    days = days_left(found.free, growth)
    free = f"{size(found.free)} of {size(found.size)} are free"
    pace = f"enough for {days:,.0f} days at the present growth" if days else _pace(growth)
    is_short = found.free < _SMALL_SHARE * found.size or (days is not None and days < _SOON_DAYS)
    is_very_short = found.free < _SMALLEST_SHARE * found.size or (days is not None and days < _VERY_SOON_DAYS)
    if not is_short and not is_very_short:
        return fine("disk", f"{free}, {pace}.")
    mend = "make room: rollbook archive run, rollbook backup prune; or a larger disk"
    return Checked("disk", State.WRONG if is_very_short else State.WARNING, f"{free}, {pace}.", mend)


def _pace(growth: Growth | None) -> str:
    if growth is None:
        return "and samples do not tell yet at what pace it fills"
    return f"and in the last {span(growth.span_days * _DAY_S)} it did not fill"
