"""Every setting, read once from the environment, secrets also from files. docs/settings.md describes each."""

from functools import lru_cache
from pathlib import Path
from typing import Final

from platformdirs import user_data_path
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from rollbook.core.secret_files import SecretFiles

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
    backup_url: str | None = Field(
        default=None,
        description="Where backups go: a folder, s3://, az:// or gs://; by default backups in home.",
    )
    backup_key_file: Path | None = Field(
        default=None,
        description="File with the keys of backups; by default backup.key in home, made by the first backup.",
    )
    backup_database_url: SecretStr | None = Field(
        default=None,
        description="URL of the role that backs up and restores; where owner_url is set and no BYPASSRLS is.",
    )
    backup_keep_count: int = Field(
        default=7, ge=1, le=10_000, description="So many of the newest backups of each kind are never pruned."
    )
    backup_keep_days: int = Field(
        default=30, ge=0, le=3660, description="Backups of so many days are never pruned, however many."
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
    second_factor_roles: str = Field(
        default="",
        description="Roles that see nothing by a password alone, by commas, such as teacher; or all.",
    )
    breached_passwords: Path | None = Field(
        default=None,
        description="File of passwords that are refused besides the common ones, one a line.",
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
    metrics_token: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Whoever shows it as a bearer token sees all metrics; without it, this machine alone.",
    )
    statement_timeout_s: int = Field(
        default=30, ge=1, le=_DAY_S, description="Longest a page's or API's statement may run."
    )
    pool_size: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="Connections to the database that a process keeps; by default twice its cores and one.",
    )
    pool_overflow: int | None = Field(
        default=None,
        ge=0,
        le=1000,
        description="Connections that it may open beyond those for a while; by default as many again.",
    )
    pool_timeout_s: int = Field(
        default=5,
        ge=1,
        le=600,
        description="A request that gets no connection for so long is answered 503: try again.",
    )
    pool_recycle_s: int = Field(
        default=1800, ge=1, le=_DAY_S, description="A connection older than this is not used again."
    )
    connect_timeout_s: int = Field(
        default=5, ge=2, le=600, description="A server that does not answer for so long is not there."
    )
    replica_url: SecretStr | None = Field(
        default=None,
        description="The app role's URL of a replica that pages and the API may read from.",
    )
    replica_lag_s: float = Field(
        default=5,
        ge=0.1,
        le=3600,
        description="A replica that has not replayed what was written so long ago is not read from.",
    )
    redis_url: SecretStr | None = Field(
        default=None,
        description="Redis to keep sums in that take the database long; without it nothing is kept.",
    )
    cache_ttl_s: int = Field(
        default=3600, ge=1, le=_DAY_S, description="What Redis keeps is forgotten after so long."
    )
    retry_s: float = Field(
        default=3,
        ge=0,
        le=60,
        description="What failed for the moment, and wrote nothing, is tried again for so long; 0 never.",
    )
    schedules: str = Field(
        default="",
        description="When the worker's jobs run: NAME=CRON or NAME=off, with ; between. Wins over commands.",
    )
    schedule_zone: str = Field(
        default="UTC", description="Time zone of the schedules, such as America/Chicago."
    )
    worker_jobs: int = Field(default=2, ge=1, le=32, description="So many jobs a worker does at once.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- no file is read unasked
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- SecretFiles names its files
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment, and the files that it names for secrets."""
        return init_settings, SecretFiles(settings_cls), env_settings

    @property
    def web_host_names(self) -> frozenset[str]:
        """The names in ``web_names``; none = whatever a request calls the site."""
        return frozenset(filter(None, (name.strip().lower() for name in self.web_names.split(","))))


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return this process's settings."""
    return Settings()
