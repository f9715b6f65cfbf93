"""Rules of a table that a file's columns decide together with columns that the file does not have.

A line that leaves the last day of a stay as it is may give it a first day behind that. Which rules there are
is read off the table, so that none is forgotten.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Select, and_, literal, literal_column, not_, select

from rollbook.exchange.csv_files import typing
from rollbook.exchange.csv_files.lines import Lines
from rollbook.intake.kinds import Part
from rollbook.intake.layout import LINE_NUMBER


@dataclass(frozen=True, slots=True)
class HalfTold:
    """A rule of a part's table, with the columns that the file tells and those that it leaves as they are."""

    rule: CheckConstraint
    told: Sequence[str]
    ours: Sequence[str]


def half_told(lines: Lines, part: Part) -> Iterator[HalfTold]:
    """Yield the rules of a part's table of whose columns the file has some and lacks others."""
    in_file = {*part.key, *lines.columns_of(part)}
    for rule in part.table.constraints:
        if isinstance(rule, CheckConstraint):
            words = set(re.findall(r"\w+", str(rule.sqltext)))
            columns = [one.name for one in part.table.columns if one.name in words]
            told = [name for name in columns if name in in_file]
            if told and len(told) < len(columns):
                yield HalfTold(rule, told, [name for name in columns if name not in in_file])


def broken(lines: Lines, part: Part, one: HalfTold) -> Select[Any]:
    """Name the lines after which our row would break the rule."""
    rows, table = typing.rows_of(part, lines), part.table
    same = (table.c[name].is_not_distinct_from(rows.c[name]) for name in part.key)
    merged = (
        select(
            rows.c[LINE_NUMBER],
            *(rows.c[name].label(name) for name in one.told),
            *(table.c[name].label(name) for name in one.ours),
        )
        .select_from(rows.join(table, and_(table.c.tenant_id == lines.tenant_id, *same)))
        .subquery("merged")
    )
    holds = literal_column(f"({one.rule.sqltext})", Boolean)
    fields = ", ".join(part.columns[name] for name in one.told)
    reason = f"does not go with the {', '.join(one.ours)} that is there already"
    return select(
        merged.c[LINE_NUMBER], literal(fields).label("column_name"), literal(reason).label("reason")
    ).where(not_(holds))
