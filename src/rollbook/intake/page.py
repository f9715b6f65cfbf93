"""What an import found as one page: a file that needs nothing else, to be mailed, printed or kept."""

from functools import cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from rollbook.core.clock import now
from rollbook.intake.outcome import Outcome


def write_page(outcome: Outcome, path: Path) -> None:
    """Write the page of an outcome to ``path``."""
    path.write_text(page(outcome), encoding="utf-8")


def page(outcome: Outcome) -> str:
    """Return an outcome as an HTML page; whatever came with the files is escaped."""
    return _template().render(outcome=outcome, question=_answer(outcome), style=_style(), at=now())


def _style() -> Markup:
    ours = files("rollbook.ui").joinpath("static/rollbook.css").read_text(encoding="utf-8")
    return Markup(ours)  # noqa: S704 -- no part of it came from outside


def _answer(outcome: Outcome) -> str:
    """Answer, in one sentence, what the page is asked."""
    writes = sum(one.new + one.changed + one.leaving for one in outcome.tables)
    if outcome.is_refused:
        return "This drop is refused: nothing was written."
    if outcome.is_dry_run:
        return f"This drop would write {writes:,} rows."
    return f"This drop wrote {outcome.written:,} rows."


@cache
def _template() -> Template:
    loader = PackageLoader("rollbook.intake")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["count"] = "{:,}".format
    return environment.get_template("import.html")
