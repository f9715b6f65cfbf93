"""What can be wrong with a bundle as a whole, and with what is to be exported."""

from collections.abc import Sequence
from dataclasses import asdict

from rollbook.core.errors import Conflict, Invalid
from rollbook.intake.rejects import Reject


class BundleRefused(Invalid):
    """{first}{more}. Nothing was imported."""

    def __init__(self, faults: Sequence[Reject], total: int) -> None:
        """Name the first fault in the sentence, all that were kept in the details."""
        more = total - 1
        super().__init__(
            first=faults[0],
            more=f" (and {more:,} more {'fault' if more == 1 else 'faults'})" if more else "",
            total=total,
            faults=[asdict(fault) for fault in faults],
        )
        self.faults = faults
        self.total = total


class SourceAmbiguous(Conflict):
    """Several systems' ids are known: {sources}. Say with --source which of them to write."""


class PlaceTaken(Conflict):
    """{path} exists. Say another name, or --yes to write over it."""
