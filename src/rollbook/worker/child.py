"""A command as a process of its own that does not outlive the worker: rollbook.worker.child PID WORDS..."""

import ctypes
import os
import runpy
import signal
import sys
from typing import Final

_DIE_WITH_PARENT: Final = 1  # PR_SET_PDEATHSIG of prctl(2)


def main() -> None:
    """Bind this process to the one that started it, then be `rollbook`."""
    parent = int(sys.argv.pop(1))
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        if os.getppid() != parent:  # it died before it was said
            sys.exit(1)
    runpy.run_module("rollbook.cli", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
