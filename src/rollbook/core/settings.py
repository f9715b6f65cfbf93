"""Every setting, read once from the environment (``ROLLBOOK_*``). docs/settings.md describes each."""

from functools import lru_cache
from pathlib import Path
from typing import Final

from platformdirs import user_data_path
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

_DAY_S: Final = 86_400
_YEAR_H: Final = 8_784


class Settings(BaseSettings):
    """Settings of one process. The field's description is what docs/settings.md must say."""

    model_config = SettingsConfigDict(
        env_prefix="ROLLBOOK_", env_ignore_empty=True, extra="ignore", frozen=True
    )

    home: Path = Field(
        default_factory=lambda: user_data_path("rollbook"),
        description="Folder for the embedded server's data, its secrets and its log.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL 15 or later to use instead of the embedded server.",
    )
    owner_url: SecretStr | None = Field(
        default=None,
        description="URL of the role that owns the tables, where database_url names the app's own role.",
    )
    database_port: int | None = Field(
        default=None, ge=1, le=65535, description="TCP port of the embedded server; by default a free one."
    )
    database_bin: Path | None = Field(
        default=None,
        description="Folder of the PostgreSQL programs to run (15 or later); by default the embedded ones.",
    )
    keyring: Path | None = Field(
        default=None,
        description="File with the keys of encrypted columns; by default keyring.json in home.",
    )
    tenant: str | None = Field(default=None, description="Tenant that commands use when --tenant is absent.")
    web_host: str = Field(default="127.0.0.1", description="Address that `rollbook serve` listens on.")
    web_port: int = Field(default=8000, ge=0, le=65535, description="Port that `rollbook serve` listens on.")
    web_names: str = Field(
        default="",
        description="Names that the site is called by, by commas; a request for another one is refused.",
    )
    trusted_proxies: str = Field(
        default="",
        description="Proxies' addresses, by commas, whose X-Forwarded-For and -Proto are believed.",
    )
    request_timeout_s: int = Field(
        default=20,
        ge=1,
        le=3600,
        description="A request may take so long to arrive, and its answer so long to be taken.",
    )
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^/?#@\s]+$",
        description="Address that browsers reach Rollbook at; sign-in providers send people back there.",
    )
    oidc_secrets: Path | None = Field(
        default=None,
        description="Folder with a file TENANT.PROVIDER for each provider's client secret; else in home.",
    )
    session_idle_minutes: int = Field(
        default=60, ge=1, le=_YEAR_H * 60, description="A sign-in ends after this long unused."
    )
    session_hours: int = Field(
        default=12, ge=1, le=_YEAR_H, description="A sign-in ends after this long in any case."
    )
    api_key_days: int = Field(default=365, ge=1, le=3660, description="Most days that an API key lives.")
    access_token_minutes: int = Field(
        default=15,
        ge=1,
        le=24 * 60,
        description="A token that a service gets for its key ends after this long.",
    )
    import_leaving_share: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="An import is refused if more than this share of students, enrollments or staff leave.",
    )
    import_shrinking_share: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="An import is refused if more than this share of any other table's rows leave.",
    )
    import_changing_share: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="An import is refused if more than this share of a table's rows change; 1 never refuses.",
    )
    import_most_gb: float = Field(
        default=20, gt=0, le=10_000, description="Most that the files of one import may be, unpacked."
    )
    reject_days: int = Field(
        default=90, ge=1, le=3660, description="Rejected rows are kept this long for somebody to fix them."
    )
    archive_folder: Path | None = Field(
        default=None,
        description="Folder of archived months, which a copy must be kept of; by default archive in home.",
    )
    statement_timeout_s: int = Field(
        default=30, ge=1, le=_DAY_S, description="Longest a page's or API's statement may run."
    )

    @property
    def web_host_names(self) -> frozenset[str]:
        """The names in ``web_names``; none = whatever a request calls the site."""
        return frozenset(filter(None, (name.strip().lower() for name in self.web_names.split(","))))


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return this process's settings."""
    return Settings()
