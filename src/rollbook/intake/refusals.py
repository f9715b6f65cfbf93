"""Why an import as a whole is refused, with all that was found out about its drop."""

from dataclasses import asdict

from rollbook.core.errors import Conflict, Invalid
from rollbook.intake.outcome import Outcome


class ImportRunning(Conflict):
    """Another import into the tenant '{tenant}' is running. Without --no-wait this one waits for its turn."""


class TenantIsSynthetic(Conflict):
    """The tenant '{tenant}' is marked synthetic: what goes there must be made up too. Say so: --synthetic."""


class MergeCollides(Conflict):
    """{table}: what comes in collides with what is there ({rule}). Nothing was imported.

    Two rows would have what only one may have: correct the drop, or the row that is there.
    """


class TextTooLong(Invalid):
    """A name or a code is too long to be kept: longer than some 2,000 characters. Nothing was imported."""


class DropUntypable(Invalid):
    """A value of the drop is not of the type that its column has ({code}). Nothing was imported."""


class FixUpOfAnother(Invalid):
    """The fixed rows are not all of import {import_id}: each has its import's number in rollbook_import."""


class ImportRefused(Invalid):
    """The drop was looked at and refused; ``outcome`` says what was found."""

    def __init__(self, outcome: Outcome, **facts: object) -> None:
        """Keep ``outcome``; the docstring of the subclass tells ``facts``."""
        super().__init__(**facts)
        self.outcome = outcome


class TooManyRejects(ImportRefused):
    """{first}{more}. Nothing was imported; `rollbook import rejects {import_id}` shows what to fix."""

    def __init__(self, outcome: Outcome) -> None:
        """Name the first reject in the sentence, the first few in the details."""
        more = outcome.rejected - 1
        super().__init__(
            outcome,
            first=outcome.rejects[0],
            more=f" (and {more:,} more rejected {'row' if more == 1 else 'rows'})" if more else "",
            import_id=outcome.import_id,
            rejected=outcome.rejected,
            rejects=[asdict(reject) for reject in outcome.rejects],
        )


class DropShrinks(ImportRefused):
    """{first}{more}. Nothing was imported. If it is meant: {options}."""

    def __init__(self, outcome: Outcome) -> None:
        """Name the first objection in the sentence, all in the details."""
        more = len(outcome.objections) - 1
        tables = dict.fromkeys(objection.table for objection in outcome.objections)
        super().__init__(
            outcome,
            first=outcome.objections[0],
            more=f" (and {more} more)" if more else "",
            options=" ".join(f"--accept-shrink {table}" for table in tables),
            objections=[asdict(objection) for objection in outcome.objections],
        )


def refusal_of(outcome: Outcome) -> ImportRefused | None:
    """Return why the import is refused, or None."""
    if outcome.rejected > outcome.max_rejects:
        return TooManyRejects(outcome)
    return DropShrinks(outcome) if outcome.objections else None
