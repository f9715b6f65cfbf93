"""The command `rollbook serve`."""

from typing import Annotated

import typer

from rollbook.core import output
from rollbook.core.settings import settings
from rollbook.ops.replicas.reading import reading_url
from rollbook.ops.work import running_server

app = typer.Typer()


@app.command()
def serve(
    *,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; by default ROLLBOOK_WEB_HOST.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port; 0 takes a free one. Default: ROLLBOOK_WEB_PORT."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the address as JSON on stdout.")] = False,
) -> None:
    """Serve the pages and the API until Ctrl-C. PostgreSQL must run: see `rollbook up`."""
    from rollbook.app.listening import serve as serve_app  # noqa: PLC0415 -- heavy; not for --help

    def tell(address: str) -> None:
        if json:
            output.print_json({"address": address})
        else:
            output.say(f"Rollbook answers at {address} (Ctrl-C stops it)")

    chosen_port = settings().web_port if port is None else port
    try:
        serve_app(
            running_server(),
            host=host or settings().web_host,
            port=chosen_port,
            on_ready=tell,
            replica_url=reading_url(settings()),
        )
    except KeyboardInterrupt:
        output.say("Stopped.")
