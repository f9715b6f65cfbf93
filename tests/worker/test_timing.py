"""When a schedule is due: in its zone, once where a clock shows an hour twice, and never in between."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.ops.jobs.errors import CronInvalid, ZoneUnknown
from rollbook.ops.jobs.timing import check, latest_slot, next_slot, zone_of

CHICAGO = zone_of("America/Chicago")
CRONS = ["30 1 * * *", "7 * * * *", "*/15 * * * *", "0 2 * * 0", "30 5 1 * *", "30 2 * * *", "0 */6 * * *"]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "now", "latest", "coming"),
    [
        ("30 1 * * *", "2026-11-21 12:00", "2026-11-21 07:30", "2026-11-22 07:30"),
        ("30 1 * * *", "2026-11-21 07:30", "2026-11-21 07:30", "2026-11-22 07:30"),
        ("0 2 * * 0", "2026-11-21 12:00", "2026-11-15 08:00", "2026-11-22 08:00"),
        ("7 * * * *", "2026-11-01 07:30", "2026-11-01 07:07", "2026-11-01 08:07"),  # the hour that is twice
        ("30 1 * * *", "2026-11-01 07:45", "2026-11-01 06:30", "2026-11-02 07:30"),  # 01:30 is twice that day
        ("30 2 * * *", "2026-03-08 12:00", "2026-03-08 08:30", "2026-03-09 07:30"),  # and never on this one
    ],
)
def test_a_slot_is_found_in_its_zone(cron: str, now: str, latest: str, coming: str) -> None:
    assert latest_slot(cron, CHICAGO, utc(now)) == utc(latest)
    assert next_slot(cron, CHICAGO, utc(now)) == utc(coming)


@given(
    cron=st.sampled_from(CRONS),
    minutes=st.integers(0, 2 * 366 * 24 * 60),
    zone=st.sampled_from(["America/Chicago", "UTC", "Asia/Kolkata", "Australia/Lord_Howe"]),
)
def test_what_is_latest_now_was_next_before(cron: str, minutes: int, zone: str) -> None:
    now = utc("2026-01-01") + timedelta(minutes=minutes, seconds=13)
    latest, coming = latest_slot(cron, zone_of(zone), now), next_slot(cron, zone_of(zone), now)

    assert latest <= now < coming
    assert next_slot(cron, zone_of(zone), latest - timedelta(seconds=1)) == latest
    assert latest_slot(cron, zone_of(zone), coming) == coming


@pytest.mark.parametrize("cron", ["", "1 2 3", "61 * * * *", "* * * * * *", "@daily", "0 0 30 2 *", "never"])
def test_what_is_no_time_is_refused(cron: str) -> None:
    with pytest.raises(CronInvalid):
        check(cron)


def test_spaces_do_not_matter() -> None:
    assert check(" 30  1 * *   1-5 ") == "30 1 * * 1-5"


@pytest.mark.parametrize("zone", ["Chicago", "../etc/passwd", ""])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(ZoneUnknown):
        zone_of(zone)
