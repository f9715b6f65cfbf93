"""In CI (``CI=true``) nothing is skipped: a test that would be is a failure, with the reason it gave."""

import os
from collections.abc import Generator
from typing import Final

import pytest

FAILS: Final = "Nothing may be skipped where CI=true: "


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    is_xfail = hasattr(report, "wasxfail")
    if report.outcome == "skipped" and not is_xfail and os.environ.get("CI") == "true":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome, report.longrepr = "failed", f"{FAILS}{reason}"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skipped test into a failed one."""
    report = yield
    _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a skipped module into a failed one."""
    report = yield
    _fail_if_skipped(report)
    return report
