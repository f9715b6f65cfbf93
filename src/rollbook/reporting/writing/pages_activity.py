"""Writing down what a class did in PE: an activity's scores, or a fitness test's results, of one day."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from rollbook.access.writing import Work, require_section
from rollbook.activity.measuring import MOST_MINUTES, Kept, Measured, kept_on, list_measured
from rollbook.attendance.classes import ClassMark, class_marks
from rollbook.curriculum.sections import SectionFacts, find_section
from rollbook.reporting.days import On
from rollbook.reporting.writing import measuring
from rollbook.reporting.writing.desk import AtDesk, Desk
from rollbook.reporting.writing.sent import WHOLE, ASent, Sent
from rollbook.ui.page import render

router = APIRouter(include_in_schema=False)

_WHOLE_DAY: Final = 0


@router.get("/sections/{section_id}/pe")
def measuring_form(  # noqa: PLR0913, PLR0917 -- each is a part of the address
    request: Request,
    desk: AtDesk,
    section_id: UUID,
    what: Annotated[str, Query(max_length=210)] = "",
    on: On = "",
    done: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """A class, with what each is known to have done on the day."""
    section = _section(desk, section_id)
    day = on if isinstance(on, date) else desk.today
    choices = list_measured(desk.db, desk.tenant_id)
    chosen = _find(choices, what)
    sent = Sent({"what": what, "on": str(day)})
    if what and chosen is None:
        sent.fault("what", "Choose one of these.")
    members = class_marks(desk.db, desk.tenant_id, section_id, day, _WHOLE_DAY)
    if chosen:
        known = kept_on(desk.db, desk.tenant_id, chosen, day, [each.student_id for each in members])
        sent.values = {**sent.values, **_typed(known)}
    return _show(request, desk, section, sent, members, choices, chosen, saved=bool(done))


@router.post("/sections/{section_id}/pe")
def save_measured(request: Request, desk: AtDesk, section_id: UUID, sent: ASent) -> Response:
    """Keep what was typed; saving again corrects it, an empty field writes nothing."""
    section = _section(desk, section_id)
    choices = list_measured(desk.db, desk.tenant_id)
    chosen = _find(choices, sent.get("what"))
    day = sent.day("on", need="Say on which day.")
    if chosen is None:
        sent.fault("what", "Choose one of these.")
    if day is not None and day > desk.today:
        sent.fault("on", "This day has not come yet.")
    members = class_marks(desk.db, desk.tenant_id, section_id, day or desk.today, _WHOLE_DAY)
    if chosen and day:
        known = kept_on(desk.db, desk.tenant_id, chosen, day, [each.student_id for each in members])
        given = _read_all(sent, members, chosen, known)
        if not sent.faults:
            measuring.keep(desk, chosen, day, given)
    if sent.faults or chosen is None:
        return _show(request, desk, section, sent, members, choices, chosen)
    where = f"/sections/{section_id}/pe?{chosen.query}&on={day}&done=1"
    return Response(status_code=303, headers={"Location": where})


def _section(desk: Desk, section_id: UUID) -> SectionFacts:
    section = find_section(desk.db, desk.tenant_id, section_id).section
    require_section(desk.db, desk.viewer.user, section_id, Work.ACTIVITY)
    return section


def _find(choices: Sequence[Measured], what: str) -> Measured | None:
    return next((each for each in choices if each.value == what), None)


def _typed(known: Mapping[UUID, Kept]) -> dict[str, str]:
    """Return the fields that say what is known."""
    said: dict[str, str] = {}
    for student_id, kept in known.items():
        said[f"v-{student_id}"] = _plain(kept.amount)
        said[f"m-{student_id}"] = _plain(kept.minutes)
    return said


def _plain(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount.normalize():f}"


def _read_all(
    sent: Sent, members: Sequence[ClassMark], chosen: Measured, known: Mapping[UUID, Kept]
) -> dict[UUID, Kept]:
    """Return what the form says that is not known yet; notes, which it does not show, stay."""
    typed = {each.student_id: _read(sent, each.student_id, chosen) for each in members}
    if not sent.faults and not any(typed.values()):
        sent.fault(WHOLE, "Nothing is filled in: write what at least one student did. Nothing was changed.")
    found: dict[UUID, Kept] = {}
    for student_id, kept in typed.items():
        before = known.get(student_id)
        said = kept and replace(kept, notes=before.notes if before else None)
        if said and said != before:
            found[student_id] = said
    return found


def _read(sent: Sent, student_id: UUID, chosen: Measured) -> Kept | None:
    """Return what the form says of a student; none where their fields are empty or wrong."""
    amount = sent.amount(f"v-{student_id}")
    minutes = sent.amount(f"m-{student_id}") if chosen.has_minutes else None
    if amount is not None and not chosen.least <= amount <= chosen.most:
        sent.fault(f"v-{student_id}", f"Give a number from {chosen.least:,} to {_plain(chosen.most)}.")
    if minutes is not None and not 0 <= minutes <= MOST_MINUTES:
        sent.fault(f"m-{student_id}", f"Give minutes from 0 to {MOST_MINUTES}.")
    return None if amount is None and minutes is None else Kept(amount, minutes)


def _show(  # noqa: PLR0913, PLR0917 -- what the page shows
    request: Request,
    desk: Desk,
    section: SectionFacts,
    sent: Sent,
    members: Sequence[ClassMark],
    choices: Sequence[Measured],
    chosen: Measured | None,
    *,
    saved: bool = False,
) -> Response:
    context: dict[str, Any] = {
        "section": section,
        "sent": sent,
        "members": members,
        "choices": choices,
        "chosen": chosen,
        "saved": saved,
    }
    return render(
        request, "reporting/record_pe.html", context, frame=desk.viewer.frame, status_code=sent.status
    )
