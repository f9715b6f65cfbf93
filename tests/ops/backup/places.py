"""Repositories for tests: an S3 of moto's in this process, which also speaks what GCS shares with S3."""

import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import boto3
import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.server import ThreadedMotoServer
from werkzeug.serving import make_server

BUCKET: Final = "backups"
S3_URL: Final = f"s3://{BUCKET}/oak/nightly"
GCS_URL: Final = f"gs://{BUCKET}/oak/nightly"


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


@contextmanager
def gcs_server(folder: Path) -> Iterator[None]:
    """Run what answers the requests of GCS' XML API, which are those of S3; without its sign-in."""
    app = DomainDispatcherApplication(create_backend_app)

    def signed_in(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ.pop("HTTP_AUTHORIZATION", None)  # moto reads S3's signatures only
        answer: Iterable[bytes] = app(environ, start_response)
        return answer

    server = make_server("127.0.0.1", 0, signed_in, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    account = {"gcs_base_url": f"http://127.0.0.1:{server.port}", "disable_oauth": True}
    account |= dict.fromkeys(("client_email", "private_key", "private_key_id"), "")
    (folder / "account.json").write_text(json.dumps(account))
    with s3_environment_of(server.port), pytest.MonkeyPatch.context() as patch:
        patch.setenv("GOOGLE_SERVICE_ACCOUNT", str(folder / "account.json"))
        patch.setenv("GOOGLE_SKIP_SIGNATURE", "true")
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield
    server.shutdown()
    thread.join()
    server.server_close()
