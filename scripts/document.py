"""Write docs/settings.md, docs/commands.md and .env.example from the code: `make docs`. --check: current?

What a setting or a command is for is said once, in its description or docstring.
"""

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import typer
from typer.core import TyperArgument
from typer.main import get_command

from rollbook import cli
from rollbook.core.secret_files import SUFFIX, is_secret
from rollbook.core.settings import Settings
from rollbook.demo.environment import VARIABLES

DOCS: Final = Path(__file__).parent.parent / "docs"
EXAMPLE: Final = DOCS.parent / ".env.example"
EXAMPLE_HEAD: Final = """\
# Settings of an installation: copy this file to .env (mode 0600) and set what differs from the defaults.
# compose, the systemd units and `make` read .env; a variable of the environment wins. Keep secrets in files
# of their own, which the variables that end in _FILE name. `make docs` writes this file from the code.
"""
SETTINGS_HEAD: Final = """\
# Settings

Every setting is a variable of the environment; no file is read unasked. `make docs` writes this page, and
[.env.example](../.env.example), from `rollbook.core.settings`. A secret may stand in a file of its own: the
variable that ends in `_FILE` names it. Set one of the two, not both.

| Variable | Default | What it is for |
|---|---|---|
"""
SETTINGS_TAIL: Final = """
Three more are for looking closer, and for tests:

| Variable | What it is for |
|---|---|
| `ROLLBOOK_DEBUG` | Any value: show where an unexpected error came from. |
| `ROLLBOOK_BROWSER` | The Chromium that tests of pages start; by default the one on PATH. |
| `ROLLBOOK_SHARED` | Folder with published data sets that some tests read; by default `../shared`. |

`rollbook generate district` reads a few of its own; its options win over them:

| Variable | What it is for |
|---|---|
"""
COMMANDS_HEAD: Final = """\
# Commands

`rollbook <command>`. Data goes to stdout, progress and warnings to stderr. Exit codes: 0 fine, 1 failed,
2 wrong use, 3 done with findings. `make docs` writes this page from the commands' own help.
"""


def settings_page() -> str:
    """Return the page of settings: one row each."""
    rows = (
        f"| {_variables(name, field)} | {_default(field)} | {field.description or ''} |\n"
        for name, field in Settings.model_fields.items()
    )
    of_generate = (f"| `{name}` | {purpose} |\n" for name, purpose in VARIABLES.items())
    return SETTINGS_HEAD + "".join(rows) + SETTINGS_TAIL + "".join(of_generate)


def _variables(name: str, field: Any) -> str:  # noqa: ANN401 -- pydantic keeps the type to itself
    plain = f"`ROLLBOOK_{name.upper()}`"
    return f"{plain}, `ROLLBOOK_{name.upper()}{SUFFIX}`" if is_secret(field) else plain


def env_example() -> str:
    """Return .env.example: each setting with what it is for, commented out."""
    return EXAMPLE_HEAD + "".join(_example(name, field) for name, field in Settings.model_fields.items())


def _example(name: str, field: Any) -> str:  # noqa: ANN401 -- pydantic keeps the type to itself
    said = "\n".join(textwrap.wrap(field.description or "", 100, initial_indent="# ", subsequent_indent="# "))
    variable = f"ROLLBOOK_{name.upper()}"
    if is_secret(field):
        return f"\n{said}\n#{variable}=\n#{variable}{SUFFIX}=\n"
    default = "" if field.default_factory or field.default is None else field.default
    return f"\n{said}\n#{variable}={default}\n"


def _default(field: Any) -> str:  # noqa: ANN401 -- pydantic keeps the type to itself
    if field.default_factory is not None:
        return "the user's data folder"
    return "none" if field.default is None else f"`{field.default}`"


def commands_page() -> str:
    """Return the page of commands: each with its arguments and options."""
    root = get_command(cli.app)
    sections = [_section(name, command) for name, command in commands("rollbook", root)]
    return COMMANDS_HEAD + "".join(sections)


def commands(path: str, command: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 -- typer's own click
    """Yield each command below ``command`` with its whole name."""
    context = typer.Context(command, info_name=path)
    if not hasattr(command, "list_commands"):
        yield path, command
        return
    for name in command.list_commands(context):
        found = cli.load(name) if path == "rollbook" else command.get_command(context, name)
        yield from commands(f"{path} {name}", found)


def _section(name: str, command: Any) -> str:  # noqa: ANN401 -- typer's own click
    rows = "".join(_row(parameter) for parameter in command.params if parameter.name != "help")
    table = f"\n| | |\n|---|---|\n{rows}" if rows else ""
    return f"\n## {name}\n\n{command.help or ''}\n{table}"


def _row(parameter: Any) -> str:  # noqa: ANN401 -- typer's own click
    if isinstance(parameter, TyperArgument):
        return f"| `{(parameter.metavar or parameter.name or '').upper()}` | {parameter.help or ''} |\n"
    names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    is_said = isinstance(parameter.default, str | int) and not isinstance(parameter.default, bool)
    default = f" Default: `{parameter.default}`." if is_said and parameter.default != "" else ""
    return f"| {names} | {parameter.help or ''}{default} |\n"


PAGES: Final = {"settings.md": settings_page, "commands.md": commands_page}


def stale() -> list[str]:
    """Return the pages that say something else than the code."""
    return [name for name, page in PAGES.items() if _read(DOCS / name) != page()]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def is_example_stale() -> bool:
    """Say whether .env.example says something else than the settings."""
    return _read(EXAMPLE) != env_example()


def main() -> int:
    """Write the pages, or with --check name those that are not current."""
    if "--check" in sys.argv:
        if is_example_stale():
            print(".env.example is not current: run `make docs`.")
            return 1
        for name in stale():
            print(f"docs/{name} is not current: run `make docs`.")
        return int(bool(stale()))
    EXAMPLE.write_text(env_example(), encoding="utf-8")
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
