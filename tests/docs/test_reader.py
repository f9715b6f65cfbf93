"""The reader notices a command that fails, and a server that does not answer."""

import os
import sys
from pathlib import Path

import pytest

from docs.blocks import blocks
from docs.reader import Reader

SERVER = """
import http.server
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
print(f"at http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
"""


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path, {"PATH": os.environ["PATH"]})


def test_commands_are_run_in_order_and_their_output_is_not(reader: Reader) -> None:
    reader.follow(list(blocks("```console\n$ echo one > log\nrm log\n$ echo two \\\n  >> log\n```\n")))

    assert (reader.folder / "log").read_text() == "one\ntwo\n"


def test_a_failing_command_is_noticed(reader: Reader) -> None:
    with pytest.raises(AssertionError, match=r"\$ false \| cat"):
        reader.follow(list(blocks("```console\n$ true\n$ false | cat\n```\n")))


def test_a_file_is_written(reader: Reader) -> None:
    reader.follow(list(blocks("<!-- file: a.py -->\n```python\nprint(1)\n```\n")))

    assert (reader.folder / "a.py").read_text() == "print(1)\n"


def test_a_served_page_is_asked_for_and_its_server_stopped(reader: Reader) -> None:
    (reader.folder / "server.py").write_text(SERVER)
    document = f"<!-- serves: / -->\n```console\n$ {sys.executable} server.py\n```\n"

    reader.follow(list(blocks(document)))

    assert "GET / " in (reader.folder / "served.log").read_text()


def test_a_server_that_ends_at_once_is_noticed(reader: Reader) -> None:
    with pytest.raises(AssertionError, match="it ended"):
        reader.follow(list(blocks("<!-- serves: / -->\n```console\n$ echo bye\n```\n")))
