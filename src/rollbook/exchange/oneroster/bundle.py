"""OneRoster as a format of files that the import pipeline understands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rollbook.core.schema import Json
from rollbook.exchange.oneroster.checks import check_bundle
from rollbook.exchange.oneroster.dialects import V12
from rollbook.exchange.oneroster.mapping import link_people, type_bundle
from rollbook.exchange.oneroster.sources import KEY
from rollbook.exchange.oneroster.staging import Bundle, stage_bundle
from rollbook.exchange.oneroster.targets import targets_of
from rollbook.intake.format import Run, register
from rollbook.intake.target import Target


@dataclass(slots=True)
class OneRoster:
    """A bundle of OneRoster 1.2, 1.1 or 1.0: what it is, its manifest says."""

    bundle: Bundle = field(default_factory=lambda: Bundle(V12))

    @property
    def name(self) -> str:
        """Name the version."""
        return f"oneroster {self.bundle.dialect.version}"

    @property
    def key(self) -> str:
        """Return what it is registered under."""
        return KEY

    @property
    def options(self) -> Json:
        """Return what a retry needs: nothing."""
        return {}

    def stage(self, run: Run) -> None:
        """Stage every file that the manifest names."""
        self.bundle = stage_bundle(run)

    def check(self, run: Run) -> None:
        """Check every row, and find out who the users are.

        Raises: ``BundleRefused``.
        """
        check_bundle(run, self.bundle)
        link_people(run, self.bundle)

    def type_rows(self, run: Run) -> None:
        """Make the typed rows of every room."""
        type_bundle(run, self.bundle)

    def targets(self, run: Run) -> Sequence[Target]:
        """Name the tables that are written."""
        return targets_of(run, self.bundle)


def rebuild(options: Mapping[str, Any]) -> OneRoster:  # noqa: ARG001 -- as every format is built again
    """Build the format for the fixed rejects of an import."""
    return OneRoster()


register(KEY, rebuild)
