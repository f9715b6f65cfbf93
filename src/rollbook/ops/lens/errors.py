"""What can go wrong when a migration is tried on a copy."""

from rollbook.core.errors import Conflict


class FailsOnCopy(Conflict):
    """The migration {step} fails on an empty copy of the schema: {reason}. Nothing was done."""
