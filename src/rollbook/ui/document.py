"""A page that is a file: it needs nothing else, to be mailed, printed or kept."""

from functools import cache
from importlib.resources import files

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup


def document(package: str, template: str, **facts: object) -> str:
    """Return ``package``'s template as HTML; whatever came from files or records is escaped."""
    return _template(package, template).render(**facts, style=_style())


def _style() -> Markup:
    ours = files("rollbook.ui").joinpath("static/rollbook.css").read_text(encoding="utf-8")
    return Markup(ours)  # noqa: S704 -- no part of it came from outside


@cache
def _template(package: str, template: str) -> Template:
    loader = ChoiceLoader([PackageLoader(package), PackageLoader("rollbook.ui")])
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["count"] = "{:,}".format
    return environment.get_template(template)
