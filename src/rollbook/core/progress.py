"""Progress of long work. Work tells it, the doors show it; nothing below a door prints."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class Report(Protocol):
    """Where work tells how far it is."""

    def step(self, title: str, total: float | None = None) -> None:
        """Begin a step of ``total`` units, or of unknown length."""

    def advance(self, amount: float = 1) -> None:
        """Say that ``amount`` more units of this step are done."""


class Silent:
    """A report that nobody reads."""

    def step(self, title: str, total: float | None = None) -> None:
        """Ignore it."""

    def advance(self, amount: float = 1) -> None:
        """Ignore it."""


class _Bar:
    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("", visible=False)

    def step(self, title: str, total: float | None = None) -> None:
        self._bar.update(self._task, visible=False)
        self._task = self._bar.add_task(title, total=total)

    def advance(self, amount: float = 1) -> None:
        self._bar.advance(self._task, amount)


class _Lines:
    """For a log or a pipe, where a bar would be noise: one line for each step."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def step(self, title: str, total: float | None = None) -> None:  # noqa: ARG002 -- a line says it once
        self._console.print(title, markup=False, highlight=False, soft_wrap=True)

    def advance(self, amount: float = 1) -> None:
        """Say nothing: the next step says that this one is done."""


@contextmanager
def progress_bar(*, enabled: bool = True) -> Iterator[Report]:
    """Show progress on stderr while the block runs; stdout stays free for data."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    if enabled and not console.is_terminal:
        yield _Lines(console)
        return
    with Progress(*columns, console=console, disable=not enabled) as bar:
        yield _Bar(bar)
