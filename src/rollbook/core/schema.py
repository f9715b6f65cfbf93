"""How tables are declared: naming, tenant-first keys, who may see a row, history of superseded versions."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Final, TypeVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Double,
    Enum,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeEngine

NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
HISTORY_SUFFIX: Final = "_history"

Json = dict[str, Any]
Model = TypeVar("Model", bound="type[Base]")


class Base(DeclarativeBase):
    """Every table."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        float: Double(),
        datetime: DateTime(timezone=True),
        Json: JSONB(),
    }


class TenantOwned(Base):
    """A table whose rows belong to a tenant: tenant_id leads its keys, and no reference leaves the tenant."""

    __abstract__ = True

    tenant_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("tenants.tenant_id"), primary_key=True, sort_order=-10
    )


class StudentOwned(TenantOwned):
    """A table whose rows are about one student (``student_id``): seen by those who may see that student.

    It refers to students by (tenant_id, student_id), so a key to tenants of its own would check nothing more,
    and cost a large load a third of the time that its foreign keys take.
    """

    __abstract__ = True

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True, sort_order=-10)


def entity_id() -> Mapped[UUID]:
    """Return the column of an entity's own UUIDv7, the second part of its primary key."""
    return mapped_column(primary_key=True, server_default=text("uuidv7()"), sort_order=-9)


def created_at() -> Mapped[datetime]:
    """Return the column that says when the row was written; for people, never for an "as of"."""
    return mapped_column(server_default=func.now(), sort_order=90)


def known_at() -> Mapped[datetime]:
    """Return the column that says when the platform learned this version of the row."""
    return mapped_column(server_default=func.now(), sort_order=80)


def import_id() -> Mapped[int | None]:
    """Return the column that names the import which wrote this version; none = written by hand.

    No key to imports: on the largest tables it would cost more than all their other columns.
    """
    return mapped_column(Integer, sort_order=85, comment="the import that wrote this version")


def text_enum(values: type[StrEnum]) -> Enum:
    """Return a text column type that takes the values of ``values`` only."""
    return Enum(
        values,
        native_enum=False,
        create_constraint=True,
        length=None,
        name=values.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
    )


def references(table: str, *columns: str, target: Sequence[str] | None = None) -> ForeignKeyConstraint:
    """Return a foreign key to ``table`` within the tenant; the target's columns are called the same."""
    to = target or columns
    return ForeignKeyConstraint(
        ["tenant_id", *columns], [f"{table}.tenant_id", *(f"{table}.{name}" for name in to)]
    )


def versioned(model: Model) -> Model:
    """Give ``model`` a table of superseded versions: its columns, the instant each was superseded, no keys.

    A statement-level trigger (made by the migration) fills it. A version was current in
    [known_at, superseded_at); ``superseded_by_import`` says which import ended it, if one did.
    """
    table = model.__table__
    assert isinstance(table, Table)
    columns = [
        Column(
            c.name, _plain(c.type), nullable=c.nullable, primary_key=c.name == "tenant_id", comment=c.comment
        )
        for c in table.columns
    ]
    history = Table(
        table.name + HISTORY_SUFFIX,
        Base.metadata,
        *columns,
        Column("superseded_at", DateTime(timezone=True), nullable=False),
        Column("superseded_by_import", Integer),
        Column("history_id", BigInteger, Identity(always=True), primary_key=True),
    )
    key = [history.c[column.name] for column in table.primary_key.columns]
    Index(f"ix_{history.name}_key", *key, history.c.superseded_at)
    return model


def _plain(column_type: TypeEngine[Any]) -> TypeEngine[Any]:
    """Drop an enumeration's check: a version was valid when it was current."""
    return Text() if isinstance(column_type, Enum) else column_type
