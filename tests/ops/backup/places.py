"""Repositories for tests: an S3 of moto's in this process."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import boto3
import pytest
from moto.server import ThreadedMotoServer

BUCKET: Final = "backups"
S3_URL: Final = f"s3://{BUCKET}/oak/nightly"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def s3_environment_of(port: int) -> Iterator[None]:
    """Say in the environment that S3 is at ``port`` of this machine."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "a-key",
            "AWS_SECRET_ACCESS_KEY": "a-secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ALLOW_HTTP": "true",
        }.items():
            patch.setenv(name, value)
        yield


@contextmanager
def s3_server(port: int | None = None) -> Iterator[str]:
    """Run an S3 with one bucket, and say in the environment where it is; yield its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port or 0, verbose=False)
    server.start()
    _, at = server.get_host_and_port()
    with s3_environment_of(at):
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield f"http://127.0.0.1:{at}"
    server.stop()
