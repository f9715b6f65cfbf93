"""Who acts is what the system says, and nothing that the one who acts can say."""

import os
import pwd

import pytest

from rollbook.core.acting import account


def test_nobody_goes_by_another_name_by_saying_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(variable, "somebody-else")

    assert account() == pwd.getpwuid(os.getuid()).pw_name


def test_an_account_without_a_name_is_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 2_000_000_123)

    assert account() == "2000000123"
