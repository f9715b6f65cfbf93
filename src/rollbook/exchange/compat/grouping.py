"""GROUP BY a key, over views."""

from typing import Any

from sqlalchemy import Select, event
from sqlalchemy.orm import Mapper, ORMExecuteState, Session, sessionmaker


def group_by_key(sessions: sessionmaker[Session] | type[Session]) -> None:
    """Let queries of ``sessions`` select whole entities that they group by the key only.

    PostgreSQL allows that of a table, whose key decides its other columns; a view has no key. The mapping
    knows it: the entity's other columns are added to GROUP BY, which changes no group.
    """
    event.listen(sessions, "do_orm_execute", _complete)


def _complete(state: ORMExecuteState) -> None:
    statement = state.statement
    grouped = getattr(statement, "_group_by_clauses", ())  # no public name says what a query groups by
    if state.is_select and isinstance(statement, Select) and grouped:
        state.statement = statement.group_by(
            *(
                column
                for mapper in _selected(statement)
                if _has_key(mapper, grouped)
                for column in mapper.columns
            )
        )


def _selected(statement: Select[Any]) -> list[Mapper[Any]]:
    entities = (described["entity"] for described in statement.column_descriptions)
    return [entity.__mapper__ for entity in entities if hasattr(entity, "__mapper__")]


def _has_key(mapper: Mapper[Any], grouped: tuple[Any, ...]) -> bool:
    names = {(column.table, column.name) for column in grouped if hasattr(column, "table")}
    return all((key.table, key.name) in names for key in mapper.primary_key)
