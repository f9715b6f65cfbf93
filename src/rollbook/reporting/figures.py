"""The charts of a student's page, each with the sentence that says what it shows; one time axis for all."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from markupsafe import Markup

from rollbook.core.words import many
from rollbook.reporting.student import StudentRecord
from rollbook.risk.student import SubjectRisk
from rollbook.ui import charts
from rollbook.ui.charts import Point, Span
from rollbook.ui.words import number, percent, plain_day

_SCHOOL_WEEK: Final = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart (none where there is nothing to draw) and its sentence."""

    sentence: str
    chart: Markup | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of the page; ``scores`` in the order of the record's risks."""

    scores: list[Figure]
    attendance: Figure
    coursework: Figure
    activity: Figure
    conduct: Figure
    fitness: Figure
    span: Span | None


def figures_of(record: StudentRecord) -> Figures:
    """Draw the record."""
    span = charts.span_of(_days(record))
    return Figures(
        scores=[_score(risk, span) for risk in record.risks],
        attendance=_attendance(record, span),
        coursework=_coursework(record, span),
        activity=_activity(record, span),
        conduct=Figure(_conduct(record)),
        fitness=Figure(_fitness(record)),
        span=span,
    )


def _days(record: StudentRecord) -> list[date]:
    return [
        *(score.as_of for risk in record.risks for score in risk.history),
        *(week.week for week in record.attendance.weeks),
        *(piece.submitted_on or piece.due_on for piece in record.coursework.work),
        *(week.week for week in record.activity.weeks),
        *(incident.incident_on for incident in record.incidents),
    ]


def _score(risk: SubjectRisk, span: Span | None) -> Figure:
    first, latest = risk.history[0], risk.latest
    if len(risk.history) == 1 or span is None:
        return Figure(
            f"{percent(latest.risk_score)} on {plain_day(latest.as_of)}, the first list with this score."
        )
    highest = max(risk.history, key=lambda score: score.risk_score)
    sentence = (
        f"From {percent(first.risk_score)} on {plain_day(first.as_of)} to {percent(latest.risk_score)}"
        f" on {plain_day(latest.as_of)}; highest {percent(highest.risk_score)} on {plain_day(highest.as_of)}."
    )
    points = [Point(score.as_of, score.risk_score) for score in risk.history]
    return Figure(sentence, charts.score_chart(points, span, sentence))


def _attendance(record: StudentRecord, span: Span | None) -> Figure:
    attendance = record.attendance
    if not attendance.weeks or span is None:
        return Figure(f"No attendance is on record since {plain_day(record.attended_since)}.")
    sentence = f"Missed {number(attendance.missed)} of {many(attendance.days, 'day')}"
    sentence += f" ({attendance.missed_rate:.1%})"
    sentence += f" since {plain_day(record.attended_since)}"
    sentence += (
        f": chronic absence, which begins at {number(float(attendance.rule.chronic_rate) * 100)}%."
        if attendance.is_chronic
        else f"; late on {many(attendance.tardy, 'day')}."
    )
    points = [Point(week.week, float(week.missed)) for week in attendance.weeks if week.missed]
    chart = charts.bar_chart(
        points, span, f"Days missed by week. {sentence}", top=_SCHOOL_WEEK, unit="days missed a week"
    )
    return Figure(sentence, chart)


def _coursework(record: StudentRecord, span: Span | None) -> Figure:
    work = record.coursework
    if not work.work or span is None:
        return Figure("No work was due in this time.")
    sentence = f"Handed in {work.handed_in} of {many(work.due, 'piece')} of work"
    sentence += f", {work.late} late" if work.late else ""
    sentence += (
        f"; the mean mark is {percent(work.mean)}." if work.mean is not None else "; none is marked yet."
    )
    if not work.marked:
        return Figure(sentence)
    points = [
        Point(piece.submitted_on or piece.due_on, piece.share or 0, "hollow" if piece.is_late else "solid")
        for piece in work.marked
        if not piece.is_carried_over
    ]
    hollow = " A ring is work that came late." if work.late else ""
    return Figure(sentence + hollow, charts.dot_chart(points, span, f"Marks by day. {sentence}{hollow}"))


def _activity(record: StudentRecord, span: Span | None) -> Figure:
    activity = record.activity
    if not activity.weeks or activity.last_on is None or span is None:
        return Figure("No online activity is on record for this time.")
    sentence = f"Active online on {many(activity.active_days, 'day')}, last on {plain_day(activity.last_on)}."
    points = [Point(week.week, week.events) for week in activity.weeks]
    described = f"Events by week, {activity.busiest:,} in the busiest. {sentence}"
    return Figure(
        sentence, charts.bar_chart(points, span, described, top=activity.busiest, unit="events a week")
    )


def _conduct(record: StudentRecord) -> str:
    """Say what the student did; what they met or saw is told apart, as it is no trouble of theirs."""
    done = [incident for incident in record.incidents if incident.is_perpetrator]
    others = len(record.incidents) - len(done)
    told = f" Had another part in {many(others, 'incident')}." if others else ""
    if not done:
        return f"No incident is on record for this time.{told}"
    return f"{many(len(done), 'incident')}, the last on {plain_day(done[0].incident_on)}.{told}"


def _fitness(record: StudentRecord) -> str:
    """Say how many of the results that a zone judges are healthy; one without a zone says nothing of it."""
    judged = [result for result in record.fitness if result.zone]
    if not judged:
        return "No fitness result of this time has a healthy zone to be in."
    healthy = sum(result.zone == "healthy" for result in judged)
    last = max(result.tested_on for result in judged)
    results = many(len(judged), "fitness result")
    return f"{healthy} of {results} in the healthy zone, the last on {plain_day(last)}."
