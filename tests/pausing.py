"""An import that runs beside the test: it stops where the test says, and goes on when it is told to."""

from collections.abc import Callable
from threading import Event, Thread

from rollbook.core.progress import Silent


class Paused(Silent):
    """Stops at ``point`` until it may go on."""

    def __init__(self, point: str) -> None:
        self.point, self.is_there, self.may_go_on = point, Event(), Event()

    def step(self, title: str, total: float | None = None) -> None:  # noqa: ARG002 -- as Silent's
        if title == self.point:
            self.is_there.set()
            assert self.may_go_on.wait(60)


def in_background(work: Callable[[], object]) -> Thread:
    thread = Thread(target=work)
    thread.start()
    return thread
