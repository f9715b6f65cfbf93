"""What holds for every test."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

import real_students
from rollbook.core.settings import settings

pytest_plugins = ["pytester", "no_skips"]

KEPT = ("ROLLBOOK_SHARED", "ROLLBOOK_BROWSER")

# No test asserts a time, and an example leaves the database as it found it.
hypothesis_settings.register_profile(
    "rollbook", deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
hypothesis_settings.load_profile("rollbook")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect, visibly, what needs data that this machine was said not to have."""
    kept = real_students.selected(items)
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_yours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep tests from the server and the data that this machine's user has."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("ROLLBOOK_") and name not in KEPT]:
            patch.delenv(name)
        patch.setenv("ROLLBOOK_HOME", str(tmp_path_factory.mktemp("home")))
        settings.cache_clear()
        yield
    settings.cache_clear()
