"""What can go wrong with replicas, each with what to do about it."""

from rollbook.core.errors import Conflict, Invalid, NotFound, Unavailable


class ReplicaNameInvalid(Invalid):
    """'{name}' cannot name a replica: use lower-case letters, digits and _, at most 32."""


class ReplicaExists(Conflict):
    """There is a replica '{name}' already. `rollbook replica status` lists them all."""


class ReplicaNotFound(NotFound):
    """There is no replica '{name}' in {home}. `rollbook replica status` lists them all."""


class ReplicaElsewhere(Invalid):
    """Replicas of the server in ROLLBOOK_DATABASE_URL are made and promoted by whoever runs it.

    Name one in ROLLBOOK_REPLICA_URL to read from it.
    """


class CopyFailed(Unavailable):
    """The primary could not be copied: {reason}. Nothing of the copy was left."""


class SlotInUse(Unavailable):
    """The primary still sends to the replication slot {slot}. Try again in a moment.

    A slot that is left keeps the primary's log: `rollbook db test` and `rollbook health --deep` show it.
    """


class ReplicaLacks(Conflict):
    """The replica '{name}' lacks {bytes} bytes of what the primary has written. Nothing was promoted.

    Start the primary (`rollbook up`) and let the replica catch up. If the primary cannot be started, and what
    is missing is to be lost, say --accept-loss.
    """


class PrimaryAlive(Conflict):
    """The primary (process {pid}) lives and takes writes: two would then, and neither have the other's.

    Say --stop-primary to stop it first, for good; what it wrote is taken over.
    """


class ReplicaNotRunning(Unavailable):
    """The replica '{name}' is not running. Start it with `rollbook replica start {name}`."""


class ReplicaBehind(Unavailable):
    """The replica '{name}' has not replayed all that the primary wrote: {bytes} bytes are missing.

    The primary was left as it is. Wait, then try again; or, if those are to be lost, stop it by hand.
    """


class PromotionUnfinished(Unavailable):
    """The replica '{name}' did not become a primary within {seconds} s; see {log}. Try again."""
