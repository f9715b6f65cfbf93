"""`rollbook serve`: says where once it answers, refuses a taken port in a sentence, ends when told."""

import dataclasses
import os
import signal
import socket
import subprocess
import sys
import urllib.request

from web import cast as the_cast


def serve(world: the_cast.World, *arguments: str) -> "subprocess.Popen[str]":
    urls = {"ROLLBOOK_DATABASE_URL": world.url, "ROLLBOOK_OWNER_URL": world.owner_url}
    command = [sys.executable, "-m", "rollbook.cli", "serve", *arguments]
    return subprocess.Popen(
        command, env=os.environ | urls, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_it_says_where_when_it_answers_and_ends_at_ctrl_c(world: the_cast.World) -> None:
    with serve(world, "--port", "0") as server:
        assert server.stderr is not None
        told = server.stderr.readline()
        address = next(word for word in told.split() if word.startswith("http://127.0.0.1:"))
        with urllib.request.urlopen(f"{address}/ready", timeout=10) as answer:
            assert answer.status == 200
        head = urllib.request.Request(f"{address}/ready", method="HEAD")
        with urllib.request.urlopen(head, timeout=10) as answer:
            assert (answer.status, answer.read()) == (200, b"")
        server.send_signal(signal.SIGINT)
        _, log = server.communicate(timeout=30)

    assert server.returncode == 0
    assert "route=/ready status=200" in log
    assert "Traceback" not in log


def test_a_taken_port_is_one_sentence(world: the_cast.World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with serve(world, "--port", str(port)) as server:
            out, error = server.communicate(timeout=60)

    assert (server.returncode, out) == (1, "")
    assert error.startswith(f"Error: 127.0.0.1:{port} cannot be listened on: address already in use.")
    assert error.count("\n") == 1


def test_a_server_that_is_not_there_is_one_sentence(world: the_cast.World) -> None:
    nowhere = "postgresql://x:y@127.0.0.1:1/z"
    gone = dataclasses.replace(world, url=nowhere, owner_url=nowhere)
    with serve(gone, "--port", "0") as server:
        out, error = server.communicate(timeout=60)

    assert (server.returncode, out) == (1, "")
    assert error.startswith("Error: ")
    assert "Traceback" not in error
