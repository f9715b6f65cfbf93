"""PostgreSQL's programs as streams: what one writes is read from a pipe, what another reads goes into one."""

import subprocess
import tempfile
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import IO, Final

from rollbook.ops.backup.errors import ProgramFailed
from rollbook.ops.backup.repository import CHUNK_BYTES

_COPY: Final = 'COPY failed for table "'
_UNSAID: Final = "it did not say why"


def read_from(command: Sequence[str], environment: Mapping[str, str]) -> Generator[bytes, None, None]:
    """Yield what ``command`` writes, whole only at the end; the program does not outlive the reader.

    Raises: ``ProgramFailed``.
    """
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603 -- PostgreSQL's own program
            command, env=dict(environment), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said
        )
        try:
            assert process.stdout is not None
            while chunk := process.stdout.read(CHUNK_BYTES):
                yield chunk
            _check(command, process.wait(), said)
        finally:
            _end(process)


def write_to(command: Sequence[str], environment: Mapping[str, str], chunks: Iterable[bytes]) -> None:
    """Let ``command`` read ``chunks``. What they raise ends the program and goes on.

    Raises: ``ProgramFailed``.
    """
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603 -- PostgreSQL's own program
            command, env=dict(environment), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said
        )
        try:
            assert process.stdin is not None
            rest = iter(chunks)
            with suppress(BrokenPipeError):  # it ended early: its exit code and words tell more
                for chunk in rest:
                    process.stdin.write(chunk)
                process.stdin.close()
            _check(command, process.wait(), said)
            for _ in rest:
                pass  # what it had no need of must be whole too
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()


def _check(command: Sequence[str], exit_code: int, said: IO[bytes]) -> None:
    if exit_code:
        said.seek(0)
        words = said.read(CHUNK_BYTES).decode(errors="replace")
        raise ProgramFailed(program=command[0].rpartition("/")[2], reason=_reason(words))


def _reason(words: str) -> str:
    """Return the first error, without what could quote a row: details, and why a COPY failed."""
    errors = [line.partition("error: ")[2] for line in words.splitlines() if "error: " in line]
    if not errors:
        return _UNSAID
    if _COPY in errors[0]:
        return "the rows of " + errors[0].partition(_COPY)[2].partition('"')[0]
    return errors[0].rstrip(".")
