"""Commands of the original systems' schemas: `rollbook compat ...`."""

from typing import Annotated, Final
from urllib.parse import quote, urlsplit

import typer
from sqlalchemy import text

from rollbook.core import output
from rollbook.core.database import engine_for
from rollbook.core.errors import NotFound
from rollbook.core.tenancy import Tenant
from rollbook.ops.work import running_server, work_in

app = typer.Typer(help="Use Rollbook with the queries of another system.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]

# Asked of the catalogue, so that it is what the migrations made.
_TABLES: Final = text(
    "SELECT nspname AS schema, relname AS table,"
    " pg_relation_is_updatable(pg_class.oid, true) & 8 = 0 OR EXISTS ("
    " SELECT FROM pg_trigger WHERE tgrelid = pg_class.oid AND tgfoid = 'rollbook_refuse'::regproc"
    " AND tgtype & 4 <> 0) AS only_shown"
    " FROM pg_class INNER JOIN pg_namespace ON relnamespace = pg_namespace.oid"
    " WHERE relkind = 'v' AND nspname !~ '^pg_|^information_schema$|^public$' ORDER BY 1, 2"
)


class SchemaUnknown(NotFound):
    """There is no schema '{schema}'. `rollbook compat list` shows them."""


@app.command("list")
def list_tables(*, json: AsJson = False) -> None:
    """List the schemas, and the tables that each shows."""
    found = _tables()
    if json:
        output.print_json([dict(zip(("schema", "table", "is_read_only"), row, strict=True)) for row in found])
        return
    output.print_table(
        ("schema", "table", "takes"), [(*row[:2], "nothing" if row[2] else "rows") for row in found]
    )


@app.command()
def url(
    schema: Annotated[str, typer.Argument(help="The schema, such as edupulse.")],
    *,
    tenant: Annotated[str | None, typer.Option(help="The tenant; ROLLBOOK_TENANT, or the only one.")] = None,
    json: AsJson = False,
) -> None:
    """Print the URL of a connection whose queries find that schema's tables, with the tenant's rows.

    It holds the application's password, and who has it can name any tenant: it is for programs you trust.
    """
    if schema not in {row[0] for row in _tables()}:
        raise SchemaUnknown(schema=schema)
    with work_in(tenant) as work:
        connection = _url(work.tenant, schema)
    if json:
        output.print_json({"url": connection})
    else:
        typer.echo(connection)


def _tables() -> list[tuple[str, str, bool]]:
    with engine_for(running_server().url).connect() as db:
        return [(row.schema, row.table, row.only_shown) for row in db.execute(_TABLES)]


def _url(tenant: Tenant, schema: str) -> str:
    settings = {"search_path": schema, "rollbook.tenant": tenant.tenant_id, "rollbook.scope": "tenant"}
    options = quote(" ".join(f"-c {name}={value}" for name, value in settings.items()), safe="")
    address = urlsplit(running_server().url)
    query = "&".join(filter(None, (address.query, f"options={options}")))
    return address._replace(query=query).geturl()
