"""A process that has loaded Rollbook and forks for each command: loading takes longer than most of them do.

A line of JSON on stdin says what to run; the command's exit code is written to the named pipe that it names.
"""

import json
import os
import sys
import time
from importlib import import_module
from typing import Any, Final

from rollbook import cli

LOADED: Final = ("psycopg", "rich.markdown", "sqlalchemy.orm", "typer.rich_utils", "rollbook.ops.work")


def main() -> None:
    """Fork for each line, until stdin ends."""
    for name in LOADED:
        import_module(name)
    for line in sys.stdin:
        if os.fork() == 0:
            sys.stdin.close()
            _attend(json.loads(line))


def _attend(told: dict[str, Any]) -> None:
    """Run the command in a process of its own and tell how it ended."""
    command = os.fork()
    if command == 0:
        _run(told)
    _, status = os.waitpid(command, 0)
    with open(told["code"], "w", encoding="ascii") as code:  # noqa: PTH123 -- a named pipe
        code.write(str(os.waitstatus_to_exitcode(status)))
    os._exit(0)


def _run(told: dict[str, Any]) -> None:
    """Become `rollbook ARGUMENTS`: its environment, its folder, its streams."""
    os.environ.clear()
    os.environ.update(told["env"])
    time.tzset()
    os.chdir(told["cwd"])
    for number, (path, flags) in enumerate(
        ((told["in"], os.O_RDONLY), (told["out"], os.O_WRONLY), (told["err"], os.O_WRONLY))
    ):
        os.dup2(os.open(path, flags), number)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 -- this process's stdin
    sys.argv = ["rollbook", *told["arguments"]]
    code = 1
    try:
        code = cli.run()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
