"""The kinds of error. A room names the fact by subclassing one; only the doors speak HTTP or exit codes."""

from typing import ClassVar


class RollbookError(Exception):
    """Something went wrong."""

    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
    page: ClassVar[str | None] = None
    """Where a person can do what is missing; a door sends them there. To ``...=`` it adds where they were."""
    retry_after_s: ClassVar[int | None] = None
    """When the same may go well; a door says so to programs."""

    def __init__(self, message: str | None = None, /, **facts: object) -> None:
        """Say ``message``, or the class's docstring on one line, with ``facts`` filled in."""
        told = message if message is not None else (type(self).__doc__ or "").format(**facts)
        super().__init__(" ".join(told.split()))
        self.facts = facts

    @property
    def code(self) -> str:
        """The class's name: stable, for programs."""
        return type(self).__name__


class Invalid(RollbookError):
    """The input is not valid."""

    http_status = 422


class NotFound(RollbookError):
    """There is no such record."""

    http_status = 404


class Conflict(RollbookError):
    """The change collides with what is there."""

    http_status = 409


class Unauthenticated(RollbookError):
    """Sign in first."""

    http_status = 401


class Forbidden(RollbookError):
    """You may not do this."""

    http_status = 403


class Unavailable(RollbookError):
    """Something Rollbook needs is not there."""

    http_status = 503
