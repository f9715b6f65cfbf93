"""How Alembic runs: one transaction per migration, waits for locks of a moment, partitions left to ops.

Give a connection in ``config.attributes["connection"]``, or ``-x url=...`` for Alembic's own commands.
"""

from collections.abc import Callable
from typing import Any

from alembic import context
from sqlalchemy import Connection, create_engine, text

from rollbook.migrations.registry import metadata
from rollbook.ops import online

_PARTITIONS = text("SELECT oid::regclass::text FROM pg_class WHERE relispartition")


def _without(partitions: set[str]) -> Callable[[str | None, str, Any], bool]:
    def include_name(name: str | None, kind: str, _parents: Any) -> bool:  # noqa: ANN401 - Alembic's signature
        return kind != "table" or name not in partitions

    return include_name


def _run(connection: Connection) -> None:
    connection.exec_driver_sql(online.TIMEOUTS)
    partitions = set(connection.execute(_PARTITIONS).scalars())
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_name=_without(partitions),
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def _run_offline() -> None:
    context.configure(dialect_name="postgresql", target_metadata=metadata, transaction_per_migration=True)
    context.execute(online.TIMEOUTS)
    with context.begin_transaction():
        context.run_migrations()


def _run_online() -> None:
    connection = context.config.attributes.get("connection")
    if connection is not None:
        _run(connection)
        return
    engine = create_engine(context.get_x_argument(as_dictionary=True)["url"])
    with engine.connect() as own:
        online.give_time_to_builds(own)
        _run(own)


if context.is_offline_mode():
    _run_offline()
else:
    _run_online()
