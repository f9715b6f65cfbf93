"""The commands `rollbook backup`: those of ops, which knows no pupils, and what a restored one is asked."""

from rollbook.ops.backup import smoke
from rollbook.ops.backup_commands import app
from rollbook.reporting.smoke import look_over

__all__ = ["app"]

smoke.hand_in(look_over)
