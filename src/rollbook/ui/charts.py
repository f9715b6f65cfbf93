"""Charts as SVG text: small, labelled where the data is, coloured by the style sheet, no script.

Every chart takes a sentence that says what it shows; the page puts a table of the same numbers behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from markupsafe import Markup, escape

WIDTH: Final = 360
_LEFT: Final = 40
_RIGHT: Final = 44  # room for the label of the last point
_TOP: Final = 14
_AXIS: Final = 18  # room for the labels of the time axis
_FEW: Final = 60
_KIND: Final = {"solid": "dot many", "hollow": "ring"}


@dataclass(frozen=True, slots=True)
class Span:
    """The days on the time axis, both included; charts of one page share it, so that they can be compared."""

    since: date
    until: date

    def x(self, day: date) -> float:
        """Return where ``day`` stands."""
        days = max((self.until - self.since).days, 1)
        share = min(max((day - self.since).days / days, 0.0), 1.0)
        return _LEFT + share * (WIDTH - _LEFT - _RIGHT)


@dataclass(frozen=True, slots=True)
class Point:
    """A value on a day; ``mark`` "hollow" for one that is not like the others."""

    day: date
    value: float
    mark: Literal["solid", "hollow"] = "solid"


def span_of(days: Sequence[date]) -> Span | None:
    """Return the span that holds all ``days``, at least four weeks of it."""
    if not days:
        return None
    return Span(min(*days, max(days) - timedelta(weeks=4)), max(days))


def sparkline(values: Sequence[float], sentence: str) -> Markup:
    """Return a line of values 0..1 the size of a word, its end marked."""
    width, height, inset = 64, 20, 3
    step = (width - 2 * inset) / max(len(values) - 1, 1)
    places = [
        (inset + n * step, height - inset - value * (height - 2 * inset)) for n, value in enumerate(values)
    ]
    line = _line(places) if len(places) > 1 else ""
    end = _circle(*places[-1], 2.2, "dot") if places else ""
    return _svg(width, height, sentence, line + end, kind="spark")


def score_chart(points: Sequence[Point], span: Span, sentence: str) -> Markup:
    """Return the history of a score 0..1, the last one labelled."""
    height = 140
    grid = _grid(height, [(share, f"{share * 100:.0f}%") for share in (0, 0.25, 0.5, 0.75, 1)])
    places = [(span.x(point.day), _y(point.value, height)) for point in points]
    dots = "".join(_circle(x, y, 2.4, "dot") for x, y in places) if len(places) <= _FEW else ""
    last = _label(*places[-1], _short(points[-1].value)) if places else ""
    return _svg(WIDTH, height, sentence, grid + _months(span, height) + _line(places) + dots + last)


def bar_chart(points: Sequence[Point], span: Span, sentence: str, *, top: float, unit: str) -> Markup:
    """Return a bar for each week (a point stands on its Monday); the scale ends at ``top`` of ``unit``."""
    height = 120
    wide = max((WIDTH - _LEFT - _RIGHT) / max((span.until - span.since).days / 7, 1) - 1.5, 1.5)
    base = _y(0, height)
    bars = []
    for point in points:
        x, y = min(span.x(point.day), WIDTH - _RIGHT - wide), _y(min(point.value / top, 1), height)
        bars.append(f'<rect class="bar" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{base - y:.1f}"/>')
    grid = _grid(height, [(0, "0"), (1, f"{top:,.0f}")])
    grid += f'<text class="start" x="{_LEFT}" y="{_TOP - 4}">{escape(unit)}</text>'
    return _svg(WIDTH, height, sentence, grid + _months(span, height) + "".join(bars))


def dot_chart(points: Sequence[Point], span: Span, sentence: str) -> Markup:
    """Return a dot for each value 0..1; a hollow one differs in kind, as the sentence says."""
    height = 120
    grid = _grid(height, [(0, "0%"), (0.5, "50%"), (1, "100%")])
    dots = "".join(
        _circle(span.x(point.day), _y(point.value, height), 3, _KIND[point.mark]) for point in points
    )
    return _svg(WIDTH, height, sentence, grid + _months(span, height) + dots)


def _svg(width: int, height: int, sentence: str, body: str, *, kind: str = "chart") -> Markup:
    return Markup(  # noqa: S704 -- ``body`` is made of numbers and dates in this module alone
        f'<svg class="{kind}" role="img" aria-label="{escape(sentence)}" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}">{body}</svg>'
    )


def _y(share: float, height: int) -> float:
    return _TOP + (1 - share) * (height - _TOP - _AXIS)


def _grid(height: int, marks: Sequence[tuple[float, str]]) -> str:
    lines = []
    for share, label in marks:
        y = _y(share, height)
        rule = "rule" if share == 0 else "grid"
        lines.append(f'<line class="{rule}" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        lines.append(f'<text class="end" x="{_LEFT - 5}" y="{y + 4:.1f}">{label}</text>')
    return "".join(lines)


def _months(span: Span, height: int) -> str:
    """Name the months at their first days, as many as there is room for."""
    firsts = [day for day in _firsts(span) if span.x(day) < WIDTH - _RIGHT - 14]
    every = -(-len(firsts) // 8) or 1
    base = _y(0, height)
    return "".join(
        f'<path class="rule" d="M{span.x(day):.1f} {base:.1f}v4"/>'
        f'<text x="{span.x(day):.1f}" y="{height - 3}">{day:%b}</text>'
        for day in firsts[::every]
    )


def _firsts(span: Span) -> list[date]:
    day, firsts = span.since.replace(day=1), []
    while day <= span.until:
        if day >= span.since:
            firsts.append(day)
        day = (day + timedelta(days=32)).replace(day=1)
    return firsts


def _line(places: Sequence[tuple[float, float]]) -> str:
    return f'<polyline class="line" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}"/>'


def _circle(x: float, y: float, radius: float, kind: str) -> str:
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>'


def _short(share: float) -> str:
    """Return "46%"; never 0% or 100% for what only comes near."""
    if share < 0.005:  # noqa: PLR2004 -- half a percent
        return "0%" if share == 0 else "&lt;1%"
    return "&gt;99%" if 0.995 <= share < 1 else f"{share * 100:.0f}%"  # noqa: PLR2004 -- half a percent


def _label(x: float, y: float, text: str) -> str:
    """Write to the right of the last point."""
    return f'<text class="value" x="{x + 6:.1f}" y="{y + 4.5:.1f}">{text}</text>'
