"""Commands of sign-in providers: where the people of a tenant sign in instead of here."""

import sys
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from rollbook.accounts import providers
from rollbook.accounts.client_secrets import keep_client_secret
from rollbook.accounts.models_providers import ClientAuth, IdentityProvider
from rollbook.core import output
from rollbook.core.settings import settings
from rollbook.ops.work import work_in

app = typer.Typer(help="Let people sign in by a provider (OpenID Connect).", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
TenantOption = Annotated[
    str | None, typer.Option("--tenant", help="The tenant; not needed where there is one.")
]
Name = Annotated[str, typer.Argument(help="What commands and addresses call it, such as entra.")]
SecondFactor = Annotated[
    list[str] | None,
    typer.Option(
        "--second-factor",
        help="A value of acr or amr in its tokens that is a second factor, such as mfa; once for each.",
    ),
]


@app.command()
def add(  # noqa: PLR0913 -- each option says what it is for
    name: Name,
    *,
    issuer: Annotated[str, typer.Option(help="Its address, exactly as its tokens say it.")],
    client_id: Annotated[str, typer.Option(help="What it calls this Rollbook.")],
    label: Annotated[
        str | None, typer.Option(help="What the button says after 'Sign in with'; by default the name.")
    ] = None,
    client_auth: Annotated[
        ClientAuth, typer.Option(help="How Rollbook proves to it that it is itself.")
    ] = ClientAuth.BASIC,
    second_factor: SecondFactor = None,
    tenant: TenantOption = None,
    json: Json = False,
) -> None:
    """Let people of the tenant sign in by a provider. Its client secret is read from stdin, if it has one.

    Whom it vouches for is found by a verified email at first, then by the provider's own name for them.
    """
    secret = None if client_auth is ClientAuth.NONE else _read_line()
    with work_in(tenant) as work:
        made = providers.add_provider(
            work.db,
            work.tenant.tenant_id,
            name,
            issuer=issuer,
            client_id=client_id,
            label=label,
            client_auth=client_auth,
            second_factors=second_factor or (),
        )
        if secret is not None:
            keep_client_secret(work.tenant.slug, made.name, secret)
        _show(made, work.tenant.slug, json=json)


@app.command(name="list")
def list_providers(*, tenant: TenantOption = None, json: Json = False) -> None:
    """List the sign-in providers of a tenant."""
    with work_in(tenant) as work:
        rows = [
            _fields(one, work.tenant.slug) for one in providers.list_providers(work.db, work.tenant.tenant_id)
        ]
    if json:
        output.print_json(rows)
    else:
        columns = ("name", "issuer", "client_id", "second_factors", "passwords", "active")
        cells = [tuple(row[name] for name in columns) for row in rows]
        output.print_table(columns, cells, empty="There is no sign-in provider yet: `rollbook provider add`.")


@app.command()
def secret(name: Name, *, tenant: TenantOption = None, json: Json = False) -> None:
    """Read the provider's new client secret from stdin; sign-ins use it at once. It is never printed."""
    with work_in(tenant) as work:
        found = providers.get_provider(work.db, work.tenant.tenant_id, name)
        keep_client_secret(work.tenant.slug, found.name, _read_line())
        _show(found, work.tenant.slug, json=json)


@app.command()
def change(  # noqa: PLR0913 -- each option says what it is for
    name: Name,
    *,
    label: Annotated[str | None, typer.Option(help="What the button says after 'Sign in with'.")] = None,
    second_factor: SecondFactor = None,
    no_second_factor: Annotated[
        bool, typer.Option("--no-second-factor", help="Take nothing of it for a second factor.")
    ] = False,
    passwords: Annotated[
        bool | None,
        typer.Option(
            "--passwords/--no-passwords",
            help="Whether passwords of the tenant let in too; without, sessions begun with one end at once.",
        ),
    ] = None,
    active: Annotated[
        bool | None,
        typer.Option("--on/--off", help="Whether it lets in; off, sessions begun by it end at once."),
    ] = None,
    tenant: TenantOption = None,
    json: Json = False,
) -> None:
    """Change what a provider is to the tenant."""
    with work_in(tenant) as work:
        found = providers.get_provider(work.db, work.tenant.tenant_id, name)
        providers.check_texts(*filter(None, [label]), *(second_factor or ()))
        found.label = label or found.label
        if second_factor or no_second_factor:
            found.second_factors = list(second_factor or ())
        _set_passwords(work.db, found, passwords)
        _set_active(work.db, found, active)
        work.db.flush()
        _show(found, work.tenant.slug, json=json)


@app.command()
def check(name: Name, *, tenant: TenantOption = None, json: Json = False) -> None:
    """Ask the provider what it publishes of itself: its addresses and the keys it signs with."""
    from rollbook.accounts.oidc_directory import Directory  # noqa: PLC0415 -- loads the web's client

    with work_in(tenant) as work:
        issuer = providers.get_provider(work.db, work.tenant.tenant_id, name).issuer
    directory = Directory()
    published = directory.published(issuer)
    told = {
        "issuer": published.issuer,
        "authorization_endpoint": published.authorization_endpoint,
        "token_endpoint": published.token_endpoint,
        "keys": len(directory.keys(issuer).keys),
    }
    (output.print_json if json else output.print_fields)(told)


def _set_passwords(db: Session, provider: IdentityProvider, passwords: bool | None) -> None:
    if passwords is False:
        providers.replace_passwords(db, provider)
    elif passwords:
        provider.replaces_passwords = False


def _set_active(db: Session, provider: IdentityProvider, active: bool | None) -> None:
    if active is False:
        providers.stop_provider(db, provider)
    elif active:
        provider.is_active = True


def _read_line() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _show(provider: IdentityProvider, slug: str, *, json: bool) -> None:
    (output.print_json if json else output.print_fields)(_fields(provider, slug))


def _fields(provider: IdentityProvider, slug: str) -> dict[str, object]:
    """Return what may be told; ``redirect_uri`` and ``logout_uri`` are what the provider has to be told."""
    at = f"{settings().public_url or ''}/sign-in/with/{slug}/{provider.name}"
    return {
        "name": provider.name,
        "label": provider.label,
        "issuer": provider.issuer,
        "client_id": provider.client_id,
        "client_auth": provider.client_auth.value,
        "second_factors": " ".join(provider.second_factors),
        "passwords": "no" if provider.replaces_passwords else "yes",
        "active": "yes" if provider.is_active else "no",
        "redirect_uri": f"{at}/back",
        "logout_uri": f"{at}/over",
    }
