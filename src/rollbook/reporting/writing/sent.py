"""What a form sent, field by field: what cannot be is told next to its field, and nothing typed is lost."""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from rollbook.accounts import cookies
from rollbook.core.errors import RollbookError
from rollbook.core.paging import is_storable
from rollbook.ui.forms import FormStale, check_form
from rollbook.ui.page import sentence_of

WHOLE: Final = ""  # the form as a whole, in ``faults``
_LINE_END: Final = re.compile(r"\r\n?|\n")
_UNREADABLE: Final = 422
_MOST_DIGITS: Final = 9


@dataclass(slots=True)
class Sent:
    """A form's fields as they were typed, and what is wrong with them by field."""

    values: Mapping[str, str] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    status: int = 200

    def get(self, name: str) -> str:
        """Return what was typed, without the space around it."""
        return self.values.get(name, "").strip()

    def fault(self, name: str, sentence: str) -> None:
        """Say what is wrong with a field; what was said first stands."""
        self.faults.setdefault(name, sentence)
        self.status = max(self.status, _UNREADABLE)

    def text(self, name: str, *, most: int = 200, need: str = "") -> str | None:
        """Return a text, or None where there is none; ``need``: what to say then."""
        value = _LINE_END.sub("\n", self.get(name))
        if not value and need:
            self.fault(name, need)
        if len(value) > most:
            self.fault(name, f"This is too long: {len(value):,} characters, of at most {most:,}.")
        elif not is_storable(value):
            self.fault(name, "This holds a character that no text has.")
        else:
            return value or None
        return None

    def day(self, name: str, *, need: str = "") -> date | None:
        """Return a day."""
        value = self.text(name, need=need)
        try:
            return date.fromisoformat(value) if value else None
        except ValueError:
            self.fault(name, "This is no day: write it like 2026-03-09.")
            return None

    def time(self, name: str) -> time | None:
        """Return a time of the day."""
        value = self.text(name)
        try:
            return time.fromisoformat(value).replace(tzinfo=None) if value else None
        except ValueError:
            self.fault(name, "This is no time: write it like 13:40.")
            return None

    def number(self, name: str, among: range, *, need: str = "") -> int | None:
        """Return a whole number."""
        value = self.text(name, need=need)
        if value is None:
            return None
        if value.isascii() and value.isdecimal() and len(value) <= _MOST_DIGITS and int(value) in among:
            return int(value)
        self.fault(name, f"Give a whole number from {among[0]} to {among[-1]}.")
        return None

    def amount(self, name: str) -> Decimal | None:
        """Return a number with a fraction."""
        value = self.text(name)
        try:
            found = Decimal(value) if value else None
        except InvalidOperation:
            found = Decimal("nan")
        if found is not None and not found.is_finite():
            self.fault(name, "Give a number, such as 1 or 0.5.")
            return None
        return found

    def choice(self, name: str, among: Collection[str], *, need: str = "Choose one of these.") -> str | None:
        """Return one of some values."""
        value = self.get(name)
        if value in among:
            return value
        self.fault(name, need)
        return None

    def id(self, name: str, *, need: str = "Choose one of these.") -> UUID | None:
        """Return the id of something chosen; where none need be, ``need`` is empty."""
        value = self.get(name)
        try:
            return UUID(value) if value or need else None
        except ValueError:
            self.fault(name, need or "Choose one of these.")
            return None

    @contextmanager
    def trying(self, db: Session, fields: Mapping[type[RollbookError], str]) -> Iterator[None]:
        """Do the block or nothing of it; an error is told next to the field that ``fields`` names for it."""
        try:
            with db.begin_nested():
                yield
        except RollbookError as error:
            name = next((name for kind, name in fields.items() if isinstance(error, kind)), WHOLE)
            self.fault(name, sentence_of(error))
            self.status = error.http_status


async def _sent(request: Request) -> Sent:
    """Read the form; one whose token is stale is shown again with all that was typed."""
    form = await request.form()
    sent = Sent({name: value for name, value in form.items() if isinstance(value, str)})
    try:
        check_form(sent.get("form_token"), cookies.session_token(request))
    except FormStale as error:
        sent.fault(WHOLE, f"{sentence_of(error).split(':')[0]}: send it again.")
        sent.status = error.http_status
    return sent


ASent = Annotated[Sent, Depends(_sent)]
