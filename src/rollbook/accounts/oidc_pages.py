"""Signing in by a provider: there, and back; and what the provider itself says of a sign-in's end."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Request, Response
from sqlalchemy.orm import Session

from rollbook.accounts import cookies, oidc
from rollbook.accounts.client_secrets import ClientSecretMissing, client_secret
from rollbook.accounts.models_providers import ClientAuth, IdentityProvider
from rollbook.accounts.oidc import Client, Pending, SignInRefused
from rollbook.accounts.oidc_directory import Directory, ProviderUnreachable
from rollbook.accounts.oidc_logout import LogoutInvalid, over_of
from rollbook.accounts.pages import let_in, note_failure, sign_in_form
from rollbook.accounts.providers import (
    Identity,
    IdentityUnknown,
    ProviderNotFound,
    end_provider_sessions,
    get_provider,
)
from rollbook.accounts.service import sign_in_by_provider
from rollbook.accounts.signed_in import arrival_of
from rollbook.core.errors import RollbookError, Unauthenticated
from rollbook.core.settings import settings
from rollbook.core.tenancy import TenantNotFound, Visibility, find_tenant, look_through
from rollbook.ui.page import local_path, sentence_of

router = APIRouter(include_in_schema=False, prefix="/sign-in/with/{tenant}/{name}")

Slug = Annotated[str, Path(max_length=63, pattern="^[a-z0-9-]+$")]


class ProviderUnknown(Unauthenticated):
    """There is no such way to sign in."""


class _Unready(RollbookError):
    """This way to sign in is not set up completely. Your district's Rollbook administrator can help."""

    http_status = 503


@router.get("")
def go(
    request: Request,
    tenant: Slug,
    name: Slug,
    next: Annotated[str, Query(max_length=2000)] = "/",  # noqa: A002 -- the parameter's name in the address
) -> Response:
    """Send the browser to the provider."""
    try:
        client = _client(request, tenant, name)
        begun = oidc.begin(client, _directory(request), local_path(next))
    except (ProviderUnknown, ProviderUnreachable, _Unready) as error:
        return _refusal(request, tenant, error)
    response = Response(status_code=303, headers={"Location": begun.address})
    cookies.set_pending(request, response, begun.pending.sealed())
    return response


@router.get("/back")
def come_back(request: Request, tenant: Slug, name: Slug) -> Response:
    """Begin a session for whom the provider vouches; or the form, with what is wrong."""
    pending = oidc.pending_of(cookies.pending(request))
    try:
        response = _finish(request, tenant, name, pending)
    except (ProviderUnknown, ProviderUnreachable, _Unready, SignInRefused, IdentityUnknown) as error:
        note_failure(request, error)
        response = _refusal(request, tenant, error)
    cookies.end_pending(request, response)
    return response


@router.post("/over")
def sign_in_is_over(
    request: Request, tenant: Slug, name: Slug, logout_token: Annotated[str, Form(max_length=20_000)]
) -> Response:
    """End the sessions that the provider says are over: it asks itself, so there is no form of ours.

    Raises: ``LogoutInvalid``; ``ProviderUnreachable``.
    """
    try:
        client = _client(request, tenant, name, needs_secret=False)
    except ProviderUnknown:
        raise LogoutInvalid from None
    over = over_of(client.provider, _directory(request), logout_token)
    with _in_tenant(request, tenant, name) as (db, provider):
        end_provider_sessions(db, provider, subject=over.subject, session=over.session)
    return Response(status_code=200)


def _finish(request: Request, tenant: str, name: str, pending: Pending | None) -> Response:
    """Ask the provider, with no transaction open meanwhile; then let in whom it names.

    Raises: ``SignInRefused``; ``ProviderUnreachable``; ``IdentityUnknown``; ``ProviderUnknown``.
    """
    client = _client(request, tenant, name)
    answer = dict(request.query_params)
    identity = oidc.finish(client, _directory(request), pending, answer)
    assert pending is not None
    return _begin_session(request, tenant, name, identity, pending.next_path)


def _begin_session(request: Request, tenant: str, name: str, identity: Identity, next_path: str) -> Response:
    with _in_tenant(request, tenant, name) as (db, provider):
        signed_in = sign_in_by_provider(db, provider, identity, arrival_of(request))
        response = let_in(request, db, signed_in, next_path)
        cookies.set_district(request, response, tenant)
    return response


def _client(request: Request, tenant: str, name: str, *, needs_secret: bool = True) -> Client:
    with _in_tenant(request, tenant, name) as (db, provider):
        db.expunge(provider)
    return Client(
        provider,
        _secret(tenant, provider) if needs_secret else None,
        f"{settings().public_url or str(request.base_url).rstrip('/')}/sign-in/with/{tenant}/{name}/back",
    )


def _secret(tenant: str, provider: IdentityProvider) -> str | None:
    """Return what proves to the provider who asks; where its file is is told to administrators alone."""
    if provider.client_auth is ClientAuth.NONE:
        return None
    try:
        return client_secret(tenant, provider.name)
    except ClientSecretMissing:
        raise _Unready from None


@contextmanager
def _in_tenant(request: Request, tenant: str, name: str) -> Iterator[tuple[Session, IdentityProvider]]:
    """Run the block in one transaction of the tenant that sees no student, with its provider, if in use.

    Raises: ``ProviderUnknown``.
    """
    with Session(request.app.state.engine) as db, db.begin():
        try:
            found = find_tenant(db, tenant)
            look_through(db, Visibility(found.tenant_id, ()))
            provider = get_provider(db, found.tenant_id, name)
        except (TenantNotFound, ProviderNotFound):
            raise ProviderUnknown from None
        if not provider.is_active:
            raise ProviderUnknown
        yield db, provider


def _directory(request: Request) -> Directory:
    directory: Directory = request.app.state.directory
    return directory


def _refusal(request: Request, tenant: str, error: RollbookError) -> Response:
    return sign_in_form(
        request, next_path="/", district=tenant, fault=sentence_of(error), status=error.http_status
    )
