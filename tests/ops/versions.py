"""Migrations that a test adds after those that shipped."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rollbook.ops import migrate

REVISION = "29991231_0001"
Add = Callable[..., str]
_VERSION = '''"""{title}."""

from alembic import op

revision = "{revision}"
down_revision = "{after}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    {up}


def downgrade() -> None:
    {down}
'''
CONCURRENTLY = "with op.get_context().autocommit_block(): op.execute({statement!r})"


def write_version(
    folder: Path, *statements: str, undo: str = "", revision: str = REVISION, after: str | None = None
) -> str:
    """Write a migration that runs ``statements``; what is CONCURRENTLY, outside of its transaction."""
    steps = [
        CONCURRENTLY.format(statement=one) if " CONCURRENTLY " in one else f"op.execute({one!r})"
        for one in statements
    ]
    folder.mkdir(exist_ok=True)
    (folder / f"{revision}.py").write_text(
        _VERSION.format(
            title=f"Try {revision}",
            revision=revision,
            after=after or migrate.newest(),
            up="\n    ".join(steps),
            down=f"op.execute({undo!r})" if undo else "pass",
        )
    )
    return revision


def adder(folder: Path, patch: pytest.MonkeyPatch) -> Add:
    """Return what adds a migration to those that this process knows."""
    folder.mkdir()
    patch.setattr(migrate, "VERSIONS", [*migrate.VERSIONS, str(folder)])

    def add(*statements: str, **options: str) -> str:
        return write_version(folder, *statements, **options)

    return add
