"""Commands of the key ring: status, new, rotate, retire. They never print a key."""

from typing import Annotated, Final

import typer

from rollbook.core import keyring, output
from rollbook.core.progress import progress_bar
from rollbook.core.words import many
from rollbook.ops import rekeying
from rollbook.ops.work import running_server

app = typer.Typer(help="Keep the keys of encrypted columns.", no_args_is_help=True)

FINDINGS: Final = 3

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


@app.command()
def status(*, json: Json = False) -> None:
    """Say where the key ring is and what is encrypted with which key. Exit code 3 if `rotate` is needed."""
    found = rekeying.survey(running_server().owner_url)
    if json:
        output.print_json(found)
    else:
        output.print_fields({"key ring": found.path, "plain values": found.plain})
        rows = [
            (key.key_id, key.made_at.date() if key.made_at else "not in the ring", _role(key), key.values)
            for key in found.keys
        ]
        output.print_table(("key", "made", "", "values"), rows)
    if not found.is_settled:
        raise typer.Exit(FINDINGS)


@app.command()
def new(*, json: Json = False) -> None:
    """Make the key ring of a server that somebody else runs. Copy it to every machine that runs Rollbook."""
    made = keyring.make_ring()
    if json:
        output.print_json({"path": made.path, "primary": made.primary})
    else:
        output.print_fields({"key ring": made.path, "key": made.primary})
    output.say("Keep a copy away from the database and its backups: without it, what it encrypts is lost.")


@app.command()
def rotate(
    *,
    batch: Annotated[int, typer.Option(min=1, max=100_000, help="Rows of one transaction.")] = (
        rekeying.BATCH_ROWS
    ),
    json: Json = False,
) -> None:
    """Encrypt every value with a new key, while Rollbook serves; or finish a run that was killed."""
    url = running_server().owner_url
    with progress_bar() as report:
        done = rekeying.rotate(url, report, batch_rows=batch)
    if json:
        output.print_json(done)
    else:
        output.print_fields({"key": done.key_id, "values": done.values, "unreadable": done.unreadable})
    output.say(
        "Copy the key ring to where you keep it." if not done.is_resumed else "The rotation is finished."
    )
    if done.unreadable:
        raise typer.Exit(FINDINGS)


@app.command()
def retire(
    key: Annotated[str, typer.Argument(help="Id of a key that encrypts nothing any more.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Drop an old key from the ring. Backups of before its rotation cannot be read without it."""
    url = running_server().owner_url
    if not yes:
        output.confirm("Backups with values of this key cannot be read any more. Go on?")
    left = rekeying.retire(url, key)
    if json:
        output.print_json({"retired": key, "primary": left.primary, "keys": sorted(left.keys)})
    output.say(f"The ring has {many(len(left.keys), 'key')}.")


def _role(key: rekeying.KeyUse) -> str:
    if key.is_primary:
        return "encrypts"
    return "" if key.is_known else "unknown"
