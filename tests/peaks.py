"""How much memory a process of a test's own took at most."""

from pathlib import Path


def peak_mb() -> int:
    """Return the most that this process ever held, in MiB.

    Not ``ru_maxrss``: that begins with what the process that started this one held, pytest with all tests.
    """
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return int(fields["VmHWM"].split()[0]) // 1024
