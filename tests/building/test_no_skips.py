"""A skip is a failure in CI, and a skip elsewhere."""

import pytest

import no_skips

SKIPS = """
    import pytest

    def test_skips_itself():
        pytest.skip("no browser here")

    @pytest.mark.skipif(True, reason="no data here")
    def test_is_skipped():
        raise AssertionError

    @pytest.mark.xfail(reason="known")
    def test_is_expected_to_fail():
        raise AssertionError

    def test_passes():
        pass
"""
SKIPS_THE_MODULE = """
    import pytest

    pytest.skip("not on this machine", allow_module_level=True)
"""


def test_a_skipped_test_fails_in_ci(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    pytester.makepyfile(SKIPS)

    result = pytester.runpytest_inprocess(plugins=[no_skips])

    result.assert_outcomes(failed=1, errors=1, passed=1, xfailed=1)
    result.stdout.fnmatch_lines(["*Nothing may be skipped where CI=true: *no browser here*"])


def test_a_skipped_module_fails_in_ci(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    pytester.makepyfile(SKIPS_THE_MODULE)

    pytester.runpytest_inprocess(plugins=[no_skips]).assert_outcomes(errors=1)


def test_a_skip_is_a_skip_elsewhere(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    pytester.makepyfile(SKIPS)

    pytester.runpytest_inprocess(plugins=[no_skips]).assert_outcomes(skipped=2, passed=1, xfailed=1)
