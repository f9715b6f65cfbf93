"""The door `rollbook`: finds the command, loads only its module, and turns errors into a sentence and a code.

Each room's ``commands.py`` has an ``app = typer.Typer()``. VERBS are commands of such an app that stand at
the top (`rollbook up`); NOUNS are whole apps (`rollbook risk train`). Both say in a line here what they do,
so that `rollbook --help` loads none of them.
"""

import json
import os
import sys
import traceback
from importlib import import_module
from inspect import cleandoc
from typing import Annotated, Any, Final
from uuid import uuid4

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command as command_of

from rollbook import __version__
from rollbook.core.acting import account, act
from rollbook.core.archived import archived_month
from rollbook.core.errors import RollbookError

VERBS: Final = {
    "up": ("rollbook.ops.commands", "Start PostgreSQL, or find it running."),
    "down": ("rollbook.ops.commands", "Stop PostgreSQL."),
    "status": ("rollbook.ops.commands", "Describe the server, with the URLs to connect to it."),
    "logs": ("rollbook.ops.commands", "Print the end of the server's log."),
    "demo": ("rollbook.demo.commands", "Show it all on a synthetic district, on this machine."),
    "doctor": ("rollbook.reporting.doctor_commands", "Say what is wrong with this installation."),
    "health": ("rollbook.reporting.health_commands", "Say whether the server is well; exit code 3 if not."),
    "monitor": ("rollbook.reporting.health_commands", "Show the server at a glance, on a terminal."),
    "prod-setup": ("rollbook.reporting.production_commands", "Set up for production; again after upgrades."),
    "tenants": ("rollbook.ops.tenant_commands", "List the tenants of this database."),
    "validate": ("rollbook.reporting.validation.commands", "Audit a tenant's records and the database."),
    "serve": ("rollbook.app.commands", "Serve the pages and the API."),
}
NOUNS: Final = {
    "db": ("rollbook.ops.db_commands", "The database: its schema, how it is connected, and what is slow."),
    "pooler": ("rollbook.ops.pooler_commands", "Put pgbouncer between Rollbook and the database."),
    "replica": ("rollbook.ops.replicas.commands", "Let a second server follow the first."),
    "user": ("rollbook.access.commands", "Say who may sign in."),
    "bi-role": ("rollbook.access.bi_commands", "Let BI, Grafana or psql read a tenant."),
    "audit": (
        "rollbook.reporting.audit_commands",
        "Say who changed or read what, and whether that log is whole.",
    ),
    "privacy": (
        "rollbook.reporting.privacy_commands",
        "A student's rights; and telling no more of them than may be.",
    ),
    "provider": ("rollbook.accounts.provider_commands", "Let people sign in by a provider."),
    "key": ("rollbook.accounts.key_commands", "Let programs use the API."),
    "worker": ("rollbook.worker.commands", "Do what is to be done by schedule."),
    "keys": ("rollbook.ops.keys_commands", "Keep the keys of encrypted columns."),
    "backup": ("rollbook.worker.backup_commands", "Keep backups, prove them, restore them."),
    "generate": ("rollbook.demo.generate_commands", "Make synthetic data: a district."),
    "import": ("rollbook.exchange.commands", "Bring data in, see what came of it, take it back."),
    "compat": ("rollbook.exchange.compat.commands", "Use Rollbook with the queries of another system."),
    "export": ("rollbook.exchange.export_commands", "Write data out, as a published format has it."),
    "student": ("rollbook.reporting.student_commands", "Enroll, withdraw, transfer or mark one student."),
    "attendance": ("rollbook.attendance.commands", "List who misses much school; say when it is chronic."),
    "grades": ("rollbook.grades.commands", "Grade scales, GPA and progress."),
    "archive": (
        "rollbook.reporting.archive_commands",
        "Take old months out of the database, ask them, bring them back.",
    ),
    "risk": ("rollbook.risk.commands", "Find out who needs a look, and why."),
}

PANELS: Final = {
    "The server": (
        "up",
        "down",
        "status",
        "logs",
        "serve",
        "worker",
        "doctor",
        "health",
        "monitor",
        "prod-setup",
    ),
    "To try it": ("demo", "generate"),
    "Records": (
        "tenants",
        "student",
        "import",
        "validate",
        "export",
        "compat",
        "attendance",
        "grades",
        "risk",
    ),
    "People": ("user", "provider", "key", "bi-role", "audit", "privacy"),
    "The database": ("db", "backup", "archive", "replica", "pooler", "keys"),
}
_PANEL_OF: Final = {name: panel for panel, names in PANELS.items() for name in names}

_OF_COMPLETION: Final = {"install_completion", "show_completion"}
_WHERE: Final = " (ROLLBOOK_DEBUG=1 shows where)"
# SQLSTATEs: disk_full; undefined table, function, column, schema; connection exceptions and shutdowns
_NO_SPACE: Final = {"53100"}
_NO_SUCH_OBJECT: Final = {"42P01", "42883", "42703", "3F000"}
_GONE: Final = ("08", "57P")
FAILED: Final = 1
WRONG_USE: Final = 2


class LazyGroup(TyperGroup):
    """Commands whose modules are imported when they are called, not when they are listed."""

    def __init__(self, **said: Any) -> None:  # noqa: ANN401 -- what typer's own takes
        super().__init__(**said)
        tidy(self)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 -- the signature is typer's
        """Name every command, in the order of the tables."""
        return [*VERBS, *NOUNS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002 -- the signature is typer's
        """Return the command if it was loaded, else one that only knows its help."""
        if cmd_name not in VERBS | NOUNS:
            return None
        panel = _PANEL_OF.get(cmd_name, "More")
        placeholder = TyperCommand(cmd_name, help=(VERBS | NOUNS)[cmd_name][1], rich_help_panel=panel)
        return self.commands.get(cmd_name, placeholder)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 -- the signature is typer's
        """Load the command that ``args`` begin with."""
        if args and args[0] in VERBS | NOUNS:
            self.commands[args[0]] = load(args[0])
        else:  # so that a slip is answered by the command that may have been meant
            self.commands.update({name: self.get_command(ctx, name) for name in VERBS | NOUNS})
        return super().resolve_command(ctx, args)


def load(name: str) -> Any:  # noqa: ANN401 -- typer keeps the type to itself
    """Import the module of the command ``name`` and return the command, or the group of commands."""
    module = import_module((VERBS | NOUNS)[name][0])
    loaded = command_of(module.app)
    # completion is installed for `rollbook` as a whole
    loaded.params = [option for option in loaded.params if option.name not in _OF_COMPLETION]
    tidy(loaded)
    if name in VERBS and isinstance(loaded, TyperGroup):
        return loaded.commands[name]
    return loaded


def tidy(command: Any) -> None:  # noqa: ANN401 -- typer keeps the type to itself
    """Let the help flow to the terminal's width, and call no switch's value <bool>: it takes none."""
    paragraphs = cleandoc(command.help or "").split("\n\n")
    command.help = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    of_help = command.get_help_option(typer.Context(command))
    for option in [*command.params, *filter(None, [of_help])]:
        if getattr(option, "is_bool_flag", False):
            option.metavar = ""
    for below in getattr(command, "commands", {}).values():
        tidy(below)


app = typer.Typer(cls=LazyGroup, pretty_exceptions_enable=False, no_args_is_help=True)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rollbook {__version__}")
        raise typer.Exit


@app.callback()
def rollbook(
    context: typer.Context,
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Rollbook: the student data platform that a district runs by itself.

    Data goes to stdout, progress and warnings to stderr. Exit codes: 0 fine, 1 failed, 2 wrong use,
    3 done with findings.
    """
    context.obj = _serve


def _serve(*args: Any, **options: Any) -> None:  # noqa: ANN401 -- passes on what app.serve takes
    """Serve the web door. `demo` stands below it, so it is handed this."""
    from rollbook.app import serve  # noqa: PLC0415 -- loads the web framework

    serve(*args, **options)


def main() -> None:
    """Run the command line."""
    sys.exit(run())


def run() -> int:
    """Run the command line and return its exit code; no traceback unless ROLLBOOK_DEBUG is set."""
    try:
        with act(account(), request_id=uuid4().hex[:12], purpose=_called(sys.argv[1:])):
            code = app(standalone_mode=False)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else FAILED
    except typer.Abort:
        typer.echo("Aborted.", err=True)
        return FAILED
    except Exception as error:  # noqa: BLE001 -- a door: whatever it is, the user gets one sentence
        return _report(error)
    return code if isinstance(code, int) else 0


def _called(words: list[str]) -> str:
    """Return the command without what it was given: that may name a student."""
    name = words[0] if words and words[0] in VERBS | NOUNS else ""
    below = [word for word in words[1:2] if name in NOUNS and word.replace("-", "").isalpha()]
    return " ".join(["rollbook", *filter(None, [name]), *below])


def _report(error: Exception) -> int:
    if os.environ.get("ROLLBOOK_DEBUG"):
        traceback.print_exception(error)
    code, message, exit_code = _describe(error)
    if not message:  # called without a command: the help was the answer
        return exit_code
    if "--json" in sys.argv:
        details = error.facts if isinstance(error, RollbookError) else {}
        document = {"error": {"code": code, "message": message, "details": details}}
        typer.echo(json.dumps(document, default=str, ensure_ascii=False, indent=2), err=True)
    else:
        typer.echo(f"Error: {message}", err=True)
    return exit_code


def _describe(error: Exception) -> tuple[str, str, int]:
    """Return a stable code, one sentence and the exit code."""
    text = " ".join(str(error).split())
    if isinstance(error, RollbookError):
        return error.code, text, error.exit_code
    if (told := archived_month(error)) is not None:
        return told.code, str(told), told.exit_code
    if isinstance(error, TyperException):
        return "WrongUse", _usage_sentence(error), error.exit_code
    name = type(error).__name__
    if name == "ValidationError" and getattr(error, "title", "") == "Settings":
        return "SettingsInvalid", _settings_sentence(error), WRONG_USE
    said = getattr(error, "orig", error)  # what PostgreSQL said, without the statement and its values
    if hasattr(said, "sqlstate"):
        return *_describe_refusal(said), FAILED
    return "Unexpected", f"{name}: {text or 'no message'}{_WHERE}", FAILED


def _usage_sentence(error: TyperException) -> str:
    """Return what was wrong with the words of the command, and where to read how it is meant."""
    text = " ".join(error.format_message().split())
    context = getattr(error, "ctx", None)
    if not text or context is None:
        return text
    return f"{text}{'' if text.endswith(('.', '?')) else '.'} `{context.command_path} --help` says more."


def _describe_refusal(said: Any) -> tuple[str, str]:  # noqa: ANN401 -- psycopg is not loaded for this
    """Return a code and a sentence for what the database said, or that it said nothing."""
    name, state = type(said).__name__, said.sqlstate or ""
    first = next(iter(str(said).splitlines()), "no message").rstrip(".")
    if state in _NO_SPACE:
        return "DiskFull", (
            f"PostgreSQL has no space left ({first}). What was begun is undone:"
            " free some space, then try again."
        )
    if state in _NO_SUCH_OBJECT:
        return "SchemaDiffers", (
            f"The schema is not the one of this release ({first}). Run `rollbook db migrate`."
        )
    if name == "OperationalError" or state.startswith(_GONE):
        return "DatabaseUnavailable", f"The database does not answer: {first}. `rollbook status` says more."
    return "Unexpected", f"{name}: {first}.{_WHERE}"


def _settings_sentence(error: Any) -> str:  # noqa: ANN401 -- pydantic is not loaded for this
    faults = [
        f"ROLLBOOK_{'.'.join(map(str, fault['loc'])).upper()}: {fault['msg']}" for fault in error.errors()
    ]
    return "; ".join(faults) + "."


if __name__ == "__main__":
    main()
