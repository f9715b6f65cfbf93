"""Every setting and every command is documented, in words that the code itself says."""

import re
from pathlib import Path

import document
import pytest
from typer.main import get_command

from rollbook import cli
from rollbook.core.settings import Settings
from rollbook.demo.environment import VARIABLES

ROOT = Path(__file__).parents[2]
COMMANDS = dict(document.commands("rollbook", get_command(cli.app)))
VARIABLE = re.compile(r"\bROLLBOOK_[A-Z_]+\b")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
# What has no data to print as JSON.
WITHOUT_JSON = {"rollbook serve"}


def test_the_pages_are_current() -> None:
    assert document.stale() == [], "run `make docs`"


def test_a_new_setting_makes_the_page_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {**Settings.model_fields, "new": Settings.model_fields["tenant"]}
    monkeypatch.setattr(Settings, "__pydantic_fields__", fields)

    assert document.stale() == ["settings.md"]


def test_the_example_of_an_environment_is_current_and_names_every_setting() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"^#(ROLLBOOK_[A-Z_]+)=", text, re.MULTILINE))

    assert not document.is_example_stale(), "run `make docs`"
    assert {f"ROLLBOOK_{name.upper()}" for name in Settings.model_fields} <= named


def test_a_new_setting_makes_the_example_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {**Settings.model_fields, "new": Settings.model_fields["owner_url"]}
    monkeypatch.setattr(Settings, "__pydantic_fields__", fields)

    assert document.is_example_stale()
    assert "_NEW_FILE=" in document.env_example()


def test_a_new_command_makes_the_page_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cli.VERBS, "again", cli.VERBS["up"])
    monkeypatch.setattr(cli, "load", lambda name, load=cli.load: load("up" if name == "again" else name))

    assert document.stale() == ["commands.md"]


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_setting_says_what_it_is_for(name: str) -> None:
    assert (Settings.model_fields[name].description or "").endswith(".")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_and_its_options_say_what_they_are_for(name: str) -> None:
    silent = [p.name for p in COMMANDS[name].params if p.name != "help" and not getattr(p, "help", "")]

    assert COMMANDS[name].help
    assert silent == []


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - WITHOUT_JSON))
def test_a_command_prints_json_when_asked(name: str) -> None:
    options = {option for parameter in COMMANDS[name].params for option in parameter.opts}

    assert "--json" in options


def test_every_variable_that_the_code_reads_is_documented() -> None:
    documented = VARIABLE.findall((ROOT / "docs/settings.md").read_text(encoding="utf-8"))
    files = [*ROOT.glob("src/**/*.py"), *ROOT.glob("tests/**/*.py"), ROOT / "Makefile", ROOT / ".ci/run"]
    read = {name for path in files for name in VARIABLE.findall(path.read_text(encoding="utf-8"))}

    assert {name for name in read - set(documented) if not name.endswith("_")} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text)

    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("name", VARIABLES)
def test_a_variable_of_the_generator_is_documented(name: str) -> None:
    assert f"`{name}`" in (ROOT / "docs/settings.md").read_text(encoding="utf-8")


def test_the_architecture_leads_to_files_that_are_there() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = re.findall(r"`([a-z_]+/[a-z_/]+(?:\.py|\.sql)?)`", text)

    assert len(named) > 15, "they were found"
    assert [path for path in named if not (ROOT / "src/rollbook" / path).exists()] == []
