"""The lines of a staged file as SQL: each field typed, each reference looked up, in one FROM."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    TableClause,
    Text,
    and_,
    cast,
    column,
    false,
    func,
    literal,
    null,
    or_,
    table,
    true,
)
from sqlalchemy.dialects.postgresql import UUID

from rollbook.exchange.csv_files.mapping import CsvMap
from rollbook.intake.kinds import Field, Kind, Lookup, Part
from rollbook.intake.layout import Column, Layout
from rollbook.intake.values import Word

STAGE: Final = "csv_lines"


@dataclass(frozen=True)
class Lines:
    """What the lines of ``kind`` say, where the file has the fields ``present``."""

    kind: Kind
    csv_map: CsvMap
    present: Sequence[str]
    tenant_id: int
    file: str

    @cached_property
    def layout(self) -> Layout:
        """What the columns that the file has should look like."""
        return Layout(self.file, STAGE, tuple(self._column(name) for name in self.in_file))

    def _column(self, name: str) -> Column:
        one = self.kind.by_name[name]
        is_code = one.is_code or isinstance(one.value, Word)
        return Column(name, self.csv_map.value_of(one), self.is_needed(one), is_code)

    @property
    def in_file(self) -> Sequence[str]:
        """The fields that each line has a value of its own for."""
        return [name for name in self.present if name not in self.csv_map.constants]

    @property
    def stage(self) -> TableClause:
        """The staging table."""
        return self.layout.table

    @cached_property
    def lookups(self) -> Mapping[str, Lookup]:
        """The lookups of which the file has all fields."""
        found = [one for one in self.kind.lookups if self.kind.fields_of(one.name) <= set(self.present)]
        return {one.name: one for one in found}

    @cached_property
    def parts(self) -> Sequence[Part]:
        """The parts that are written: those of which the file says something."""
        return [part for part in self.kind.parts if self.is_written(part)]

    def is_written(self, part: Part) -> bool:
        """Say whether the file has a field of ``part`` that no other part reads."""
        return not part.is_optional or bool(self.kind.own_fields(part) & set(self.present))

    def columns_of(self, part: Part) -> Mapping[str, str]:
        """Return the columns of ``part`` that the file speaks of, and those of its key."""
        return {
            column_: name
            for column_, name in part.columns.items()
            if name in self.present or name in self.lookups or column_ in part.key
        }

    @staticmethod
    def constant(value: str) -> ColumnElement[str]:
        """Return a text that is the same for every line."""
        return literal(value, Text)

    def has_default(self, name: str) -> bool:
        """Say whether a field that is not there means something all the same."""
        one = self.kind.by_name.get(name)
        return one is not None and one.default is not None

    def raw(self, name: str) -> ColumnElement[str]:
        """Return a field's text."""
        if name in self.csv_map.constants:
            return self.constant(self.csv_map.constants[name])
        return self.stage.c[name]

    def typed(self, name: str) -> ColumnElement[Any]:
        """Return a field's value, or its default if there is none."""
        one = self.kind.by_name[name]
        if name not in self.present:
            return cast(null(), Text) if one.default is None else one.default
        value = self.csv_map.value_of(one).typed(self.raw(name))
        return value if one.default is None else func.coalesce(value, one.default)

    def value(self, name: str) -> ColumnElement[Any]:
        """Return what a field or a lookup gives."""
        if name not in {one.name for one in self.kind.lookups}:
            return self.typed(name)
        if name not in self.lookups:
            return cast(null(), UUID())
        one = self.lookups[name]
        ours = self._aliases[name].c[one.id_column]
        return func.coalesce(self._brought[name].c.id, ours) if name in self._brought else ours

    @cached_property
    def _aliases(self) -> Mapping[str, FromClause]:
        return {name: one.table.alias(f"our_{name}") for name, one in self.lookups.items()}

    @cached_property
    def _brought(self) -> Mapping[str, FromClause]:
        """The keys that the file brings itself, for the lookups that may lead to them."""
        written = {part.table.name: part for part in self.parts if part.entity}
        return {
            name: table(keys_of(written[one.table.name]), column("id", UUID), *map(column, one.by)).alias(
                f"their_{name}"
            )
            for name, one in self.lookups.items()
            if one.is_brought and one.table.name in written
        }

    def joined(self, *, brings: bool = True, only: Collection[str] | None = None) -> FromClause:
        """Return the lines with what they refer to, null where it is not there.

        ``brings``: with what the file brings itself; ``only``: these lookups and those behind them.
        """
        source: FromClause = self.stage
        for name, one in self.lookups.items():
            if only is not None and name not in self._behind(only):
                continue
            ours = self._aliases[name]
            source = source.outerjoin(ours, and_(ours.c.tenant_id == self.tenant_id, *self._same(one, ours)))
            if brings and name in self._brought:
                theirs = self._brought[name]
                source = source.outerjoin(theirs, and_(*self._same(one, theirs)))
        return source

    def _behind(self, names: Collection[str]) -> set[str]:
        """Return the lookups ``names`` and those that they need."""
        found = set(names) & set(self.lookups)
        needed = {name for one in found for name in self.lookups[one].by.values()} & set(self.lookups)
        return found if needed <= found else self._behind(found | needed)

    def _same(self, one: Lookup, there: FromClause) -> Sequence[ColumnElement[bool]]:
        return [there.c[column_] == self.value(name) for column_, name in one.by.items()]

    def leads_nowhere(self, one: Lookup) -> ColumnElement[bool]:
        """Say of a line whose values are well-formed that the lookup finds nothing."""
        is_said = and_(*(self.raw(name).is_not(None) for name in self.kind.fields_of(one.name)))
        readers = [part for part in self.parts if one.name in part.columns.values()]
        is_needed = or_(*(self.is_told(part) for part in readers)) if readers else true()
        return and_(is_said if one.is_optional else is_needed, self.value(one.name).is_(None))

    def is_told(self, part: Part) -> ColumnElement[bool]:
        """Say of a line that it has a row of ``part``."""
        if part.where is None:
            return true()
        return self.raw(part.where).is_not(None) if part.where in self.present else false()

    @property
    def brings(self) -> bool:
        """Whether rows of the file refer to others of it."""
        return bool(self._brought)

    def is_well_formed(self, *, is_looked_up: bool = False) -> ColumnElement[bool]:
        """Say that each value of a line is as it should be.

        ``is_looked_up``: but what must lead somewhere, because a text that does is well-formed.
        """
        missing = [self.is_missing(name) for name in self.in_file]
        found = self._only_looked_up if is_looked_up else set()
        holds = [self._holds(column) for column in self.layout.columns if column.name not in found]
        return and_(true(), *holds, *(~one for one in missing if one is not None))

    def _holds(self, one: Column) -> ColumnElement[bool]:
        value = self.stage.c[one.name]
        well_formed = one.form.holds(value) if one.form else true()
        return and_(value.is_not(None), well_formed) if one.is_required else or_(value.is_(None), well_formed)

    @property
    def _only_looked_up(self) -> set[str]:
        """The fields that only say to what a line must refer: a text that does is as it should be."""
        parts = {name for part in self.parts for name in (*part.columns.values(), part.where)}
        needed = [one for one in self.lookups.values() if not one.is_optional]
        return {name for one in needed for name in one.by.values()} - parts

    def is_needed(self, one: Field) -> bool:
        """Say whether each line must have a value: not in a part that only some lines have."""
        return one.is_required and any(part.where is None for part in self._readers(one))

    def is_missing(self, name: str) -> ColumnElement[bool] | None:
        """Say of a line that it has no value, and is one that should; None: all or none should."""
        one = self.kind.by_name[name]
        readers = self._readers(one)
        if not one.is_required or not readers or self.is_needed(one):
            return None
        wheres = {part.where for part in readers if part.where} & set(self.in_file) - {name}
        is_told = or_(false(), *(self.raw(where).is_not(None) for where in wheres))
        return and_(self.raw(name).is_(None), is_told)

    def _readers(self, one: Field) -> Sequence[Part]:
        return [part for part in self.parts if one.name in self.kind.read_by(part)]

    def rule_fails(self, nr: int) -> ColumnElement[bool]:
        """Say of a well-formed line that it breaks the rule."""
        return func.coalesce(~self.kind.rules[nr].holds(self.value), false())

    def rules(self) -> Sequence[int]:
        """Return the rules of which the file has the fields; a default is as good as a field."""
        return [nr for nr, rule in enumerate(self.kind.rules) if set(rule.fields) <= set(self.present)]


def keys_of(part: Part) -> str:
    """Return the temporary table of the ids that the rows of ``part`` have or get."""
    return f"csv_keys_{part.table.name}"


def incoming_of(part: Part) -> str:
    """Return the temporary table of a part's typed rows."""
    return f"incoming_{part.table.name}"
