"""Every input of the models: where it comes from, and which way it may push the score.

``direction`` +1: a higher value never lowers the score, -1: never raises it, 0: the data decide. Held to by
the boosted trees (monotone constraints), so that a reason given in words is never the wrong way round.

Never inputs: race and ethnicity, income (imd_band, economic_status), gender, age (age_band, birth date),
disability and special education, language, region. tests/risk/test_fairness.py holds the features.sql files
to that.
"""

from dataclasses import dataclass
from typing import Final, Literal

Room = Literal["curriculum", "grades", "activity", "attendance", "conduct", "roster"]
COURSE: Final = "course_code"


@dataclass(frozen=True, slots=True)
class Feature:
    """One numeric input; ``is_count`` ones are long-tailed, and the linear model takes their logarithm."""

    name: str
    room: Room
    direction: int = 0
    is_count: bool = False


def _room(room: Room, *features: str) -> list[Feature]:
    """Read ``+name``, ``-name`` or ``name``, with ``*`` after a long-tailed count."""
    signs = {"+": 1, "-": -1}
    return [
        Feature(
            name=feature.strip("+-*"),
            room=room,
            direction=signs.get(feature[0], 0),
            is_count=feature.endswith("*"),
        )
        for feature in features
    ]


FEATURES: Final = (
    *_room("curriculum", "days_elapsed", "share_elapsed", "enrolled_days_before", "+prior_attempts"),
    *_room("curriculum", "load_credits", "-prior_education", "courses_open", "courses_beside"),
    *_room("curriculum", "-courses_passed", "+courses_failed", "+courses_left"),
    *_room("grades", "work_due", "+work_missing", "+missing_share", "+missing_weight_share"),
    *_room("grades", "+missing_in_a_row", "work_ahead", "+work_late", "work_carried_over", "marks"),
    *_room("grades", "-percent_of_due", "-percent_weighted", "-percent_mean", "-percent_lowest"),
    *_room("grades", "-percent_worst_course", "+courses_below_60", "-percent_above_section", "-standing"),
    *_room("grades", "-percent_latest", "percent_change", "days_early", "days_early_least"),
    *_room("grades", "days_early_latest", "+days_since_handed_in", "-gpa_current"),
    *_room("activity", "-clicks*", "clicks_before_start*", "-clicks_7*", "-clicks_14*", "-clicks_28*"),
    *_room("activity", "-active_days", "-active_share", "-active_days_7", "-active_days_14"),
    *_room("activity", "-active_days_28", "active_days_before_start", "-clicks_standing"),
    *_room("activity", "-clicks_14_standing", "-active_standing", "+days_since_active"),
    *_room("attendance", "days_marked", "+days_missed", "+missed_rate", "+missed_rate_20"),
    *_room("attendance", "+missed_rate_year", "+unexcused_rate", "+tardy_rate", "+missed_in_a_row"),
    *_room("conduct", "+incidents", "+incidents_30", "+incidents_year", "+worst_severity", "+suspensions"),
    *_room("roster", "grade_level", "+schools_past_year", "days_at_school"),
)
NAMES: Final = tuple(feature.name for feature in FEATURES)
QUERIES: Final[dict[Room, str]] = {
    "curriculum": "courses",
    "grades": "work",
    "activity": "engagement",
    "attendance": "days_missed",
    "conduct": "incidents",
    "roster": "schools",
}
