"""The worker's log: lines on stderr, for journald or a container's log, never a traceback."""

import logging
import sys
from typing import Final

_FORMAT: Final = "%(asctime)s %(levelname)s %(message)s"


class _WithoutTraces(logging.Filter):
    """Lets of a library's lines only warnings pass, without tracebacks: an error's text may quote a row."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.exc_info = record.exc_text = None
        return record.name.startswith("rollbook") or record.levelno >= logging.WARNING


def log_to_stderr() -> None:
    """Write what the worker and its library log to stderr, times in the machine's zone."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(_FORMAT))
    handler.addFilter(_WithoutTraces())
    for name in ("rollbook.worker", "procrastinate"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO)
