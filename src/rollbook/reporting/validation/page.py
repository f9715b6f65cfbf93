"""An audit as one page: a file that needs nothing else, to be mailed, printed or kept."""

from functools import cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from rollbook.reporting.validation.audit import Audit


def write_page(audit: Audit, path: Path) -> None:
    """Write the page of an audit to ``path``."""
    path.write_text(page(audit), encoding="utf-8")


def page(audit: Audit) -> str:
    """Return an audit as an HTML page; whatever came from the records is escaped."""
    return _template().render(audit=audit, style=_style())


def _style() -> Markup:
    ours = files("rollbook.ui").joinpath("static/rollbook.css").read_text(encoding="utf-8")
    return Markup(ours)  # noqa: S704 -- no part of it came from outside


@cache
def _template() -> Template:
    loader = PackageLoader("rollbook.reporting.validation")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["count"] = "{:,}".format
    return environment.get_template("audit.html")
