"""Why a score is high, in a school's words: what pushed it up, what to do about it.

The contributions of related inputs are summed into one reason. A reason is given only if its inputs raise
the risk together and the facts, put in words, are a concern. What a school cannot act on (prior education,
the course itself, how far the term has come) and who a student is are never given as reasons; ``weight`` is
the reason's share of all that raised the score, so what is not said still counts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rollbook.risk.arrays import Floats
from rollbook.risk.catalogue import FEATURES

Values = Mapping[str, float]
_MOST_REASONS: Final = 5
_LEAST_WEIGHT: Final = 0.03


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that may be wrong; ``say`` puts it in words, or returns None if the facts are no concern."""

    factor: str
    features: tuple[str, ...]
    value_of: str
    say: Callable[[Values], str | None]
    recommendation: str
    is_malleable: bool = True


def risk_factors(names: Sequence[str], added: Floats, values: Values) -> list[dict[str, Any]]:
    """Return one subject's reasons in the published shape, malleable first, then strongest.

    ``added`` is what each of ``names`` adds to the log-odds; ``values`` are the features that are known.
    """
    contributions = dict(zip(names, added.tolist(), strict=True))
    raised = sum(value for value in contributions.values() if value > 0)
    found = [(reason, _weight(reason, contributions, raised)) for reason in REASONS]
    told = [(reason, weight, _words(reason, values)) for reason, weight in found if weight >= _LEAST_WEIGHT]
    ranked = sorted((t for t in told if t[2]), key=lambda t: (not t[0].is_malleable, -t[1], t[0].factor))
    published = [
        _published(reason, weight, words, values) for reason, weight, words in ranked[:_MOST_REASONS]
    ]
    return published or [_nothing_single(values)]


def _weight(reason: Reason, contributions: Mapping[str, float], raised: float) -> float:
    return sum(contributions.get(name, 0.0) for name in reason.features) / raised if raised > 0 else 0.0


def _words(reason: Reason, values: Values) -> str | None:
    return reason.say(values) if reason.value_of in values else None


def _published(reason: Reason, weight: float, words: str | None, values: Values) -> dict[str, Any]:
    return {
        "factor": reason.factor,
        "weight": round(weight, 3),
        "value": round(values[reason.value_of], 3),
        "description": words,
        "recommendation": reason.recommendation,
    }


def _nothing_single(values: Values) -> dict[str, Any]:
    """Say so where nothing that can be named, and acted on, raised the score."""
    return {
        "factor": "no_single_sign",
        "weight": 0.0,
        "value": round(values.get("days_elapsed", 0.0), 3),
        "description": "No single warning sign stands out; the score comes from many small ones",
        "recommendation": "A short check-in is enough, unless you know more.",
    }


def _count(number: float, one: str, many: str | None = None) -> str:
    return f"{number:.0f} {one if number == 1 else many or one + 's'}"


def _missing(v: Values) -> str | None:
    if v["work_missing"] < 1:
        return None
    if v["work_due"] == 1:
        return "The only assignment due so far was not handed in"
    verb = "was" if v["work_missing"] == 1 else "were"
    return f"{v['work_missing']:.0f} of {v['work_due']:.0f} assignments due so far {verb} not handed in"


def _low_marks(v: Values) -> str | None:
    words = f"Average mark so far: {v['percent_mean']:.0f} of 100"
    if v.get("standing", 1) < _LOWER:
        return f"{words}, lower than most classmates'"
    return words if v["percent_mean"] < _GOOD_MARK else None


def _falling(v: Values) -> str | None:
    change = v["percent_change"]
    return None if change > -_FALL else f"The latest mark is {-change:.0f} points below the average so far"


def _late(v: Values) -> str | None:
    return f"{_count(v['work_late'], 'assignment')} handed in after the due date" if v["work_late"] else None


def _silent(v: Values) -> str | None:
    days = v["days_since_handed_in"]
    return f"Nothing handed in for {days:.0f} days" if days > _LONG_SILENCE else None


def _inactive(v: Values) -> str | None:
    if not v["active_days"]:
        return "Not active online since the course began"
    since = v.get("days_since_active", 0)
    if since > _WEEK:
        return f"Not active online for {since:.0f} days"
    if v.get("clicks_standing", 1) < _LOWER:
        days = _count(v["active_days_14"], "day")
        return f"Active online on {days} of the last 14, less than most classmates"
    return None


def _absent(v: Values) -> str | None:
    rate, lately = v["missed_rate"], v.get("missed_rate_20", 0)
    if rate >= _SOME_ABSENCE:
        return f"Missed {_percent(rate)} of school days this term ({_count(v['days_missed'], 'day')})"
    return f"Missed {_percent(lately)} of the last 20 school days" if lately >= _SOME_ABSENCE else None


def _tardy(v: Values) -> str | None:
    return f"Late on {_percent(v['tardy_rate'])} of school days" if v["tardy_rate"] >= _SOME_ABSENCE else None


def _incidents(v: Values) -> str | None:
    count = v["incidents_year"]
    worst = f", the gravest of level {v['worst_severity']:.0f} of 5" if count else ""
    return f"{_count(count, 'incident')} in the past year{worst}" if count else None


def _retaken(v: Values) -> str | None:
    tries = v["prior_attempts"]
    return f"Has tried this course {_count(tries, 'time')} before" if tries else None


def _failed(v: Values) -> str | None:
    lost = v["courses_failed"] + v["courses_left"]
    return f"{_count(lost, 'other course')} failed or given up so far" if lost else None


def _low_gpa(v: Values) -> str | None:
    return f"Grade point average so far: {v['gpa_current']:.1f}" if v["gpa_current"] < _LOW_GPA else None


def _heavy(v: Values) -> str | None:
    return f"Takes {v['load_credits']:.0f} credits at once" if v["load_credits"] > _FULL_LOAD else None


def _enrolled_late(v: Values) -> str | None:
    days = v["enrolled_days_before"]
    if days < 0:
        return f"Joined {_count(-days, 'day')} after the start"
    return f"Enrolled only {_count(days, 'day')} before the start" if days < _WEEK else None


def _moved(v: Values) -> str | None:
    schools = v["schools_past_year"]
    return f"Has been at {schools:.0f} schools within a year" if schools > 1 else None


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%"


_GOOD_MARK: Final = 60
_LOW_GPA: Final = 2  # points, a C
_LOWER: Final = 0.4  # of the section
_FALL: Final = 5  # points
_LONG_SILENCE: Final = 28  # days
_WEEK: Final = 7
_SOME_ABSENCE: Final = 0.05
_FULL_LOAD: Final = 120  # credits of a full year

_LOW_MARKS: Final = (
    "percent_weighted",
    "percent_mean",
    "percent_lowest",
    "percent_worst_course",
    "courses_below_60",
    "percent_above_section",
    "standing",
    "percent_latest",
)

REASONS: Final = (
    Reason(
        "missing_work",
        (
            "work_missing",
            "missing_share",
            "missing_weight_share",
            "missing_in_a_row",
            "work_due",
            "percent_of_due",
        ),
        "work_missing",
        _missing,
        "Agree with the student on which missing piece comes first, and by when.",
    ),
    Reason(
        "low_marks",
        _LOW_MARKS,
        "percent_mean",
        _low_marks,
        "Look at the marked work together and offer tutoring where the points were lost.",
    ),
    Reason(
        "falling_marks",
        ("percent_change",),
        "percent_change",
        _falling,
        "Ask what changed since the earlier work, and offer help before the next one is due.",
    ),
    Reason(
        "late_work",
        ("work_late", "days_early", "days_early_least", "days_early_latest"),
        "work_late",
        _late,
        "Plan the next assignment with the student in steps, with a check a week before it is due.",
    ),
    Reason(
        "nothing_handed_in",
        ("days_since_handed_in",),
        "days_since_handed_in",
        _silent,
        "Ask how the next assignment is going, before it is due.",
    ),
    Reason(
        "inactive_online",
        tuple(feature.name for feature in FEATURES if feature.room == "activity"),
        "active_days",
        _inactive,
        "Get in touch, ask whether access or time is the obstacle, and agree on the next step in the course.",
    ),
    Reason(
        "absence",
        (
            "days_missed",
            "missed_rate",
            "missed_rate_20",
            "missed_rate_year",
            "unexcused_rate",
            "missed_in_a_row",
        ),
        "missed_rate",
        _absent,
        "Talk with the student and the family about what keeps them from coming.",
    ),
    Reason(
        "tardiness",
        ("tardy_rate",),
        "tardy_rate",
        _tardy,
        "Ask about the way to school and the first lesson of the day.",
    ),
    Reason(
        "conduct",
        ("incidents", "incidents_30", "incidents_year", "worst_severity", "suspensions"),
        "incidents_year",
        _incidents,
        "Review the incidents with the student and those involved, and agree on support.",
    ),
    Reason(
        "heavy_load",
        ("load_credits", "courses_open", "courses_beside"),
        "load_credits",
        _heavy,
        "Check with the student whether the load is realistic beside other duties.",
    ),
    Reason(
        "earlier_attempts",
        ("prior_attempts", "work_carried_over"),
        "prior_attempts",
        _retaken,
        "Ask what went wrong last time and plan this time around it.",
        is_malleable=False,
    ),
    Reason(
        "courses_lost",
        ("courses_failed", "courses_left", "courses_passed"),
        "courses_failed",
        _failed,
        "Review the choice of courses with the student.",
        is_malleable=False,
    ),
    Reason(
        "low_gpa",
        ("gpa_current",),
        "gpa_current",
        _low_gpa,
        "Plan with the student how the credits that are missing can be made up.",
        is_malleable=False,
    ),
    Reason(
        "joined_late",
        ("enrolled_days_before",),
        "enrolled_days_before",
        _enrolled_late,
        "Make sure the student has what was handed out before they joined.",
        is_malleable=False,
    ),
    Reason(
        "changed_school",
        ("schools_past_year", "days_at_school"),
        "schools_past_year",
        _moved,
        "Give the student a contact at the new school and check that the records have arrived.",
        is_malleable=False,
    ),
)
