"""What can go wrong in the worker."""

from rollbook.core.errors import RollbookError, Unavailable


class DatabaseLost(Unavailable):
    """The worker lost its database, and ended. What it was at is done again when a worker runs."""


class TenantsFailed(RollbookError):
    """It failed for {count} of {all_tenants} tenants. Of {first_slug}: {first_error}."""


class CommandFailed(Unavailable):
    """`rollbook {command}` failed: {said}"""  # noqa: D415 -- what it said ends the sentence
