"""What a restored server runs as its restore_command: ask our process for a file of the log, by its socket.

Only the standard library, and no key: the server's account may read nothing of the repository. An exit code
above 125 makes PostgreSQL stop; any smaller one would be taken for the end of the log, and lose what follows.
"""

import socket
import sys

ABSENT = 1
REFUSED = 200
CHUNK_BYTES = 1 << 20


def main(address: str, name: str, path: str) -> int:
    """Write the file ``name`` to ``path``; return the exit code."""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(address)
        line.sendall(name.encode() + b"\n")
        with line.makefile("rb") as answer:
            head = answer.readline().strip()
            if head == b"absent":
                return ABSENT
            if not head.isdigit():
                return REFUSED
            left = int(head)
            with open(path, "wb") as file:  # noqa: PTH123 -- pathlib would take longer to load than this runs
                while left and (piece := answer.read(min(left, CHUNK_BYTES))):
                    file.write(piece)
                    left -= len(piece)
    return REFUSED if left else 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except OSError:
        sys.exit(REFUSED)
