"""Commands of users: who signs in, and which staff record ties them to their students."""

import sys
from typing import Annotated

import typer

from rollbook.access import grant_commands, tie_commands
from rollbook.access.grants import grant
from rollbook.access.service import tie_to_guardian, tie_to_staff
from rollbook.accounts import second_factor, service
from rollbook.accounts.models import Role, User
from rollbook.accounts.models_grants import GrantScope
from rollbook.accounts.providers import links_of, unlink
from rollbook.accounts.sessions import end_sessions
from rollbook.core import output
from rollbook.core.errors import Invalid
from rollbook.ops.work import work_in

app = typer.Typer(help="Say who may sign in.", no_args_is_help=True)
app.add_typer(grant_commands.app)
app.add_typer(tie_commands.app)

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
TenantOption = Annotated[
    str | None, typer.Option("--tenant", help="The tenant; not needed where there is one.")
]
Email = Annotated[str, typer.Argument(help="What they sign in with.")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from stdin, not from a prompt.")
]


class PasswordsDiffer(Invalid):
    """The two passwords are not the same. No user was added; type the same one twice."""


@app.command()
def add(  # noqa: PLR0913 -- each option says what it is for
    email: Email,
    *,
    name: Annotated[str, typer.Option(help="Their full name.")],
    role: Annotated[Role, typer.Option(help="What they are in the tenant.")],
    staff: Annotated[
        str | None, typer.Option(help="Their staff number: it ties them to school, caseload and sections.")
    ] = None,
    guardian: Annotated[
        str | None, typer.Option(help="Their guardian number: it ties them to whom they answer for.")
    ] = None,
    student: Annotated[
        str | None, typer.Option(help="Their own student number: they are granted their record.")
    ] = None,
    password_stdin: PasswordStdin = False,
    bcrypt_stdin: Annotated[
        bool,
        typer.Option("--bcrypt-stdin", help="Read the bcrypt hash that an older system kept from stdin."),
    ] = False,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="Give them none: they sign in by a provider, or not.")
    ] = False,
    tenant: TenantOption = None,
    json: Json = False,
) -> None:
    """Add a user. The password is asked for, or read from stdin; it is never an argument."""
    bcrypt_hash = _read_line() if bcrypt_stdin else None
    without = bcrypt_stdin or no_password
    password = None if without else _read_line() if password_stdin else _ask()
    with work_in(tenant) as work:
        user = service.add_user(
            work.db,
            tenant_id=work.tenant.tenant_id,
            email=email,
            full_name=name,
            role=role,
            password=password,
            bcrypt_hash=bcrypt_hash,
        )
        if staff is not None:
            tie_to_staff(work.db, user, staff)
        if guardian is not None:
            tie_to_guardian(work.db, user, guardian)
        if student is not None:
            grant(work.db, user, GrantScope.STUDENT, student, reason="their own record")
        _show(user, json=json)


@app.command(name="list")
def list_users(*, tenant: TenantOption = None, json: Json = False) -> None:
    """List the users of a tenant."""
    with work_in(tenant) as work:
        users = service.list_users(work.db, work.tenant.tenant_id)
        if json:
            output.print_json([_fields(user) for user in users])
        else:
            rows = [(u.email, u.full_name, u.role.value, "" if u.is_active else "no") for u in users]
            columns = ("email", "name", "role", "active")
            output.print_table(columns, rows, empty="Nobody may sign in yet: `rollbook user add`.")


@app.command()
def deactivate(email: Email, *, tenant: TenantOption = None, json: Json = False) -> None:
    """Keep a user out: end their sessions, keys, tokens and links to sign-in providers at once.

    `rollbook user activate` lets them sign in again; keys have to be made anew.
    """
    with work_in(tenant) as work:
        user = service.get_user(work.db, work.tenant.tenant_id, email)
        service.deactivate(work.db, user.tenant_id, user.user_id)
        _show(user, json=json)


@app.command()
def activate(email: Email, *, tenant: TenantOption = None, json: Json = False) -> None:
    """Let a user who was deactivated sign in again."""
    with work_in(tenant) as work:
        user = service.get_user(work.db, work.tenant.tenant_id, email)
        service.activate(work.db, user)
        _show(user, json=json)


@app.command(name="role")
def set_role(
    email: Email,
    role: Annotated[Role, typer.Argument(help="What they are from now on.")],
    *,
    tenant: TenantOption = None,
    json: Json = False,
) -> None:
    """Give a user another role, and end their sessions at once."""
    with work_in(tenant) as work:
        user = service.get_user(work.db, work.tenant.tenant_id, email)
        service.set_role(work.db, user, role)
        _show(user, json=json)


@app.command()
def change(
    email: Email,
    *,
    new_email: Annotated[
        str | None, typer.Option("--email", help="What they sign in with from now on; their sessions end.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What they are called from now on.")] = None,
    tenant: TenantOption = None,
    json: Json = False,
) -> None:
    """Change a user's email or name."""
    with work_in(tenant) as work:
        user = service.get_user(work.db, work.tenant.tenant_id, email)
        if name is not None:
            service.change_name(work.db, user, name)
        if new_email is not None:
            service.change_email(work.db, user, new_email)
        _show(user, json=json)


@app.command(name="reset-password")
def reset_password(
    email: Email, *, password_stdin: PasswordStdin = False, tenant: TenantOption = None, json: Json = False
) -> None:
    """Give a user a password for one sign-in, a random one unless it is read; their sessions end at once.

    They must choose another when they sign in with it.
    """
    with work_in(tenant) as work:
        user = service.get_user(work.db, work.tenant.tenant_id, email)
        password = service.reset_password(work.db, user, _read_line() if password_stdin else None)
        told = {} if password_stdin else {"password": password}
        (output.print_json if json else output.print_fields)(_fields(user) | told)


@app.command(name="reset-second-factor")
def reset_second_factor(email: Email, *, tenant: TenantOption = None, json: Json = False) -> None:
    """Forget the app and the recovery codes of a user who lost them; their sessions end at once.

    Make sure that it is they who ask: from then on the password is enough.
    """
    with work_in(tenant) as work:
        user = service.get_user(work.db, work.tenant.tenant_id, email)
        second_factor.remove(work.db, user)
        end_sessions(work.db, user)
        _show(user, json=json)


@app.command(name="sign-out")
def sign_out(email: Email, *, tenant: TenantOption = None, json: Json = False) -> None:
    """End all sessions of a user at once; they may sign in again."""
    with work_in(tenant) as work:
        user = service.get_user(work.db, work.tenant.tenant_id, email)
        ended = end_sessions(work.db, user)
        (output.print_json if json else output.print_fields)({"email": user.email, "ended": ended})


@app.command()
def links(email: Email, *, tenant: TenantOption = None, json: Json = False) -> None:
    """List who a user is at sign-in providers."""
    with work_in(tenant) as work:
        user = service.get_user(work.db, work.tenant.tenant_id, email)
        rows = [
            {"issuer": link.issuer, "subject": link.subject, "last_used_at": link.last_used_at.isoformat()}
            for link in links_of(work.db, user)
        ]
    if json:
        output.print_json(rows)
    else:
        columns = ("issuer", "subject", "last used at")
        cells = [tuple(row.values()) for row in rows]
        output.print_table(columns, cells, empty="They have signed in by no provider.")


@app.command(name="unlink")
def unlink_user(email: Email, *, tenant: TenantOption = None, json: Json = False) -> None:
    """Forget who a user is at sign-in providers, and end their sessions at once.

    The next sign-in there links them again, by a verified email.
    """
    with work_in(tenant) as work:
        user = service.get_user(work.db, work.tenant.tenant_id, email)
        told = {"email": user.email, "forgotten": unlink(work.db, user), "ended": end_sessions(work.db, user)}
    (output.print_json if json else output.print_fields)(told)


def _read_line() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _ask() -> str:
    password: str = typer.prompt("Password", hide_input=True, err=True)
    if typer.prompt("Once more", hide_input=True, err=True) != password:
        raise PasswordsDiffer
    return password


def _show(user: User, *, json: bool) -> None:
    (output.print_json if json else output.print_fields)(_fields(user))


def _fields(user: User) -> dict[str, object]:
    return {
        "email": user.email,
        "full_name": user.full_name,
        "role": user.role.value,
        "is_active": user.is_active,
        "user_id": str(user.user_id),
    }
