"""Looks that come one after another: what is costly is asked for only now and then."""

import time
from typing import Final

from rollbook.ops.server import ServerStatus
from rollbook.ops.watch.health import Look, look
from rollbook.ops.watch.measures import COSTLY, take, watching
from rollbook.ops.watch.samples import disk_of

COSTLY_EVERY_S: Final = 300.0


class Watcher:
    """Looks at one server, as the owner's role, in a transaction of its own each time."""

    def __init__(self, status: ServerStatus) -> None:
        self._status = status
        self._whole: Look | None = None
        self._at = 0.0

    def look(self) -> Look:
        """Look again.

        Raises: what SQLAlchemy raises when the server does not answer.
        """
        disk = disk_of(self._status)
        whole = self._whole
        with watching(self._status.owner_url) as db:
            if whole is None or time.monotonic() - self._at > COSTLY_EVERY_S:
                self._whole, self._at = look(db, disk), time.monotonic()
                return self._whole
            seen = take(db, without=COSTLY)
        seen.rows |= {name: whole.seen.rows[name] for name in COSTLY if name in whole.seen.rows}
        return Look(seen, whole.bloat, disk, whole.growth)
