"""Files with secrets: who else may read them, and closing them."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rollbook.core.keyring import ring_path
from rollbook.core.secret_files import SUFFIX, is_secret
from rollbook.core.settings import Settings
from rollbook.ops.backup.keys import key_path
from rollbook.ops.embedded import home_of

_OF_OTHERS: Final = 0o077


@dataclass(frozen=True, slots=True)
class Secret:
    """A file with a secret. ``is_closed``: nobody but its owner may read it; ``was_open``: until just now."""

    path: Path
    is_closed: bool
    was_open: bool = False


def close_files(settings: Settings, others: Iterable[Path] = ()) -> list[Secret]:
    """Close each file with secrets, and ``others``, to all but its owner; what it may not close, it tells of.

    A file in a folder that is closed itself needs no mode of its own. One that was mounted here by itself, as
    containers are given secrets, lies in a folder elsewhere, and other containers may read it as it is.
    """
    return [_close(path) for path in dict.fromkeys(_files(settings, others)) if _is_there(path)]


def _is_there(path: Path) -> bool:
    """Say whether there is such a file. Whoever became our account may stand in a folder closed to it."""
    try:
        return path.is_file()
    except PermissionError:
        return False


def _files(settings: Settings, others: Iterable[Path]) -> Iterator[Path]:
    home = home_of(settings)
    yield from (home.secrets, ring_path(settings), key_path(settings), Path(".env").absolute(), *others)
    for name, field in Settings.model_fields.items():
        variable = f"{Settings.model_config['env_prefix']}{name}{SUFFIX}".upper()
        if is_secret(field) and (named := os.environ.get(variable)):
            yield Path(named).expanduser().absolute()


def _close(path: Path) -> Secret:
    mode = path.stat().st_mode
    if not mode & _OF_OTHERS or not path.parent.stat().st_mode & _OF_OTHERS or os.path.ismount(path):
        return Secret(path, is_closed=True)
    try:
        path.chmod(mode & ~_OF_OTHERS)
    except OSError:  # somebody else's, or on a read-only disk
        return Secret(path, is_closed=False, was_open=True)
    return Secret(path, is_closed=True, was_open=True)
