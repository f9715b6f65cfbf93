"""The commands `rollbook privacy ...`: a student's rights, and what is published."""

from rollbook.privacy.commands import app
from rollbook.research.copy_commands import app as copies
from rollbook.research.table_commands import app as tables

__all__ = ["app"]

app.registered_commands += tables.registered_commands + copies.registered_commands
