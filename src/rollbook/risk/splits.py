"""How rows are split into what is fitted and what is tested, and with which features."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

import numpy as np

from rollbook.risk.arrays import Bools
from rollbook.risk.catalogue import FEATURES
from rollbook.risk.cohort import Subject
from rollbook.risk.training import TrainingRows

Protocol = Literal["grouped", "next", "next, known in time"]
_ACTIVITY: Final = [feature.room == "activity" for feature in FEATURES]


@dataclass(frozen=True, slots=True)
class Presentation:
    """Sections that start together, by the code they share (or else by their first day)."""

    code: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class Split:
    """What to fit and what to test. ``fit`` none = in five folds of the tested rows."""

    protocol: Protocol
    with_clicks: bool
    fitted_on: tuple[str, ...]
    fitted_courses: str
    tested_on: tuple[str, ...]
    fit: Bools | None
    test: Bools


class Frame:
    """The rows of one day, seen by presentation, course and whether clicks are known."""

    def __init__(self, rows: TrainingRows, ends: dict[str, date], courses: Sequence[str] = ()) -> None:
        self.rows = rows
        self.codes = np.array([code_of(subject) for subject in rows.subjects])
        self.courses = np.array([subject.course_code or "" for subject in rows.subjects])
        self.wanted = np.isin(self.courses, courses) if courses else np.ones(len(rows), dtype=bool)
        self.clicks_known = ~np.isnan(rows.features.values[:, _ACTIVITY]).all(axis=1)
        starts = {code_of(subject): subject.starts_on for subject in rows.subjects}
        ordered = sorted(starts, key=lambda code: (starts[code], code))
        self.presentations = [Presentation(code, starts[code], ends[code]) for code in ordered]

    def splits(self, day: int, fit: str | None, test: str | None) -> Iterator[Split]:
        """Yield every split that these rows allow; ``fit`` and ``test`` name presentations to use instead."""
        if fit is None and test is None:
            yield from self._grouped()
        yield from self._next(day, fit, test)
        yield from self._next_with_clicks(fit, test)

    def _grouped(self) -> Iterator[Split]:
        yield self._fold(self.wanted, with_clicks=False)
        observed = self.wanted & self.clicks_known
        if observed.any():
            if not observed[self.wanted].all():
                yield self._fold(observed, with_clicks=False)
            yield self._fold(observed, with_clicks=True)

    def _fold(self, test: Bools, *, with_clicks: bool) -> Split:
        codes = self._codes(test)
        return Split("grouped", with_clicks, codes, "all", codes, None, test)

    def _next(self, day: int, fit: str | None, test: str | None) -> Iterator[Split]:
        tested = test or self.presentations[-1].code
        fitted = self._before(tested, fit)
        if not fitted:
            return
        mask = (self.codes == tested) & self.wanted
        yield Split("next", False, tuple(fitted), "all", (tested,), np.isin(self.codes, fitted), mask)
        known = self._known_in_time(tested, fitted, day)
        if known and known != fitted:
            chosen = np.isin(self.codes, known)
            yield Split("next, known in time", False, tuple(known), "all", (tested,), chosen, mask)

    def _next_with_clicks(self, fit: str | None, test: str | None) -> Iterator[Split]:
        """Test the latest presentation with clicks whose courses have them earlier too."""
        for tested in [test] if test else [p.code for p in reversed(self.presentations)]:
            fitted = self._before(tested, fit)
            before = np.isin(self.codes, fitted)
            seen = np.unique(self.courses[before & self.clicks_known])
            mask = (self.codes == tested) & self.clicks_known & np.isin(self.courses, seen)
            if not mask.any():
                continue
            same = before & np.isin(self.courses, seen)
            names = " ".join(seen) or "all"
            for with_clicks, chosen, courses in (
                (False, before, "all"),
                (True, before, "all"),
                (True, same, names),
            ):
                yield Split("next", with_clicks, tuple(fitted), courses, (tested,), chosen, mask)
            return

    def _before(self, tested: str, fit: str | None) -> list[str]:
        if fit:
            return [fit]
        starts = {p.code: p.starts_on for p in self.presentations}
        return [p.code for p in self.presentations if tested in starts and p.starts_on < starts[tested]]

    def _known_in_time(self, tested: str, fitted: Sequence[str], day: int) -> list[str]:
        """Return the presentations that had ended on the tested one's day."""
        today = next(p.starts_on for p in self.presentations if p.code == tested) + timedelta(days=day)
        return [p.code for p in self.presentations if p.code in fitted and p.ends_on <= today]

    def _codes(self, mask: Bools) -> tuple[str, ...]:
        chosen = set(self.codes[mask].tolist())
        return tuple(p.code for p in self.presentations if p.code in chosen)


def code_of(subject: Subject) -> str:
    """Return what a subject's presentation is called."""
    return subject.section_code or subject.starts_on.isoformat()
