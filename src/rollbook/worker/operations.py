"""Jobs on the database itself: backups, drills, care, archives. Each is a command that anybody may call."""

from rollbook.ops.runs import Noted
from rollbook.worker.commanded import run_command


def back_up(run: Noted) -> None:
    """Back up what changed since the last backup, where the server can tell, else all."""
    run_command(run, "backup", "create")


def dump(run: Noted) -> None:
    """Dump tables and rows, for any later PostgreSQL."""
    run_command(run, "backup", "create", "--full")


def prune(run: Noted) -> None:
    """Remove backups that are past what is kept."""
    run_command(run, "backup", "prune")


def verify(run: Noted) -> None:
    """Read every backup."""
    run_command(run, "backup", "verify", "--all")


def drill(run: Noted) -> None:
    """Restore the newest backup in private, and compare."""
    run_command(run, "backup", "drill")


def optimize(run: Noted) -> None:
    """Vacuum and rebuild what figures say needs it."""
    run_command(run, "db", "optimize")


def analyze_performance(run: Noted) -> None:
    """Say which share of queries uses indexes, and how long they take."""
    run_command(run, "db", "analyze-performance")


def forget_archived(run: Noted) -> None:
    """Take out of the archive who was erased, where the erasure itself could not."""
    run_command(run, "archive", "forget")


def archive(run: Noted) -> None:
    """Archive the months that their rule says are old."""
    run_command(run, "archive", "run", "--yes")
