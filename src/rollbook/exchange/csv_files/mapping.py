"""Which column of a file is which field of a kind, and what its words mean."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from rollbook.core.schema import Json
from rollbook.exchange.csv_files.errors import (
    ColumnTwice,
    FieldMissing,
    FieldSaidTwice,
    FieldTwice,
    FieldUnknown,
    MapUnreadable,
    NoWords,
    SourceColumnMissing,
    WordsUnreadable,
    WordUnknown,
    near,
)
from rollbook.intake.dates import ISO, DateFormat, parse_date_format
from rollbook.intake.kinds import KNOWN_AT, Field, Kind
from rollbook.intake.moments import Day
from rollbook.intake.stage import FIX_UP_COLUMNS
from rollbook.intake.values import Value, Word

_CONSTANT: Final = re.compile(r"([^=:]+):=(.*)", re.DOTALL)
_COLUMN: Final = re.compile(r"([^=:]+)=(.+)", re.DOTALL)
_WORDS: Final = re.compile(r"([^=:]+):(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Mapped:
    """A field and where its values come from; ``how``: said, by name, constant."""

    field: str
    source: str
    how: str

    def __str__(self) -> str:
        """Put the field first."""
        arrow = ":=" if self.how == "constant" else "<-"
        return f"{self.field} {arrow} {self.source}" + (" (by name)" if self.how == "by name" else "")


@dataclass(frozen=True, slots=True)
class CsvMap:
    """What is said of a kind of file: ``columns`` and ``constants`` by field, ``words`` by field and word."""

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    date_format: DateFormat = ISO
    delimiter: str = ","
    encoding: str = "utf-8"

    @property
    def as_json(self) -> Json:
        """Return it as a receipt and a file keep it."""
        return {
            "delimiter": self.delimiter,
            "encoding": self.encoding,
            "date_format": str(self.date_format),
            "columns": dict(self.columns),
            "constants": dict(self.constants),
            "words": {name: dict(words) for name, words in self.words.items()},
        }

    def with_pairs(self, pairs: Iterable[str]) -> "CsvMap":
        """Add ``field=column`` and ``field:=value``, several of which may stand in one, with commas between.

        Raises: ``MapUnreadable``; ``FieldSaidTwice``.
        """
        said: dict[str, tuple[bool, str]] = {}
        for text in (piece for pair in pairs for piece in _pieces(pair)):
            constant = _CONSTANT.fullmatch(text)
            found = constant or _COLUMN.fullmatch(text)
            if not found:
                raise MapUnreadable(text=text)
            name, value = found[1].strip(), (constant is not None, found[2].strip())
            if said.setdefault(name, value) != value:
                raise FieldSaidTwice(field=name)
        return self._with(said)

    def _with(self, said: Mapping[str, tuple[bool, str]]) -> "CsvMap":
        """Let what is ``said`` of a field (whether it is a constant, and which; or its column) go before."""
        columns = {name: column for name, column in self.columns.items() if name not in said}
        constants = {name: value for name, value in self.constants.items() if name not in said}
        for name, (is_constant, value) in said.items():
            (constants if is_constant else columns)[name] = value
        return replace(self, columns=columns, constants=constants)

    def with_words(self, meanings: Iterable[str]) -> "CsvMap":
        """Add ``field:theirs=ours,theirs=ours``.

        Raises: ``WordsUnreadable``.
        """
        words = {name: dict(known) for name, known in self.words.items()}
        for text in meanings:
            found = _WORDS.fullmatch(text)
            pairs = [piece.partition("=") for piece in found[2].split(",")] if found else []
            if not found or not all(theirs.strip() and equals for theirs, equals, _ in pairs):
                raise WordsUnreadable(text=text)
            known = words.setdefault(found[1].strip(), {})
            known.update({theirs.strip(): ours.strip() for theirs, _, ours in pairs})
        return replace(self, words=words)

    def written(self, *, date_format: DateFormat | None, delimiter: str, encoding: str) -> "CsvMap":
        """Say how the file is written; ``date_format`` None: as it was."""
        written = date_format or self.date_format
        return replace(self, date_format=written, delimiter=delimiter, encoding=encoding)

    def checked(self, kind: Kind) -> "CsvMap":
        """Return it, if ``kind`` has the fields and words that it speaks of.

        Raises: ``FieldUnknown``; ``NoWords``; ``WordUnknown``.
        """
        for name in (*self.columns, *self.constants, *self.words):
            if name not in kind.by_name:
                raise FieldUnknown(kind=kind.name, field=name, near=near(name, kind.by_name))
        for name, words in self.words.items():
            _check_words(kind.by_name[name], words)
        return self

    def value_of(self, one: Field) -> Value:
        """Return the form of ``one`` in this file."""
        match one.value:
            case Day():
                return Day(self.date_format)
            case Word(words, meanings, is_number):
                return Word(words, {**meanings, **self.words.get(one.name, {})}, is_number)
        return one.value


def _check_words(one: Field, words: Mapping[str, str]) -> None:
    if not isinstance(one.value, Word):
        raise NoWords(field=one.name)
    for ours in words.values():
        if ours not in one.value.words:
            raise WordUnknown(field=one.name, word=ours, words=", ".join(one.value.words))


def _pieces(pair: str) -> Iterable[str]:
    """Split a list of pairs at the commas that a new pair follows, so that a name may hold a comma."""
    return re.split(r",(?=[^,=]+=)", pair)


def choose_known_at(csv_map: CsvMap, said: str | None) -> CsvMap:
    """Add what --known-at says: an instant if it begins like one, else a column."""
    if said is None:
        return csv_map
    sign = ":=" if re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", said) else "="
    return csv_map.with_pairs([f"{KNOWN_AT}{sign}{said}"])


def map_of_json(told: Mapping[str, Any]) -> CsvMap:
    """Return what ``as_json`` made.

    Raises: ``DateFormatUnknown``.
    """
    return CsvMap(
        columns=dict(told.get("columns", {})),
        constants={name: str(value) for name, value in told.get("constants", {}).items()},
        words={name: dict(words) for name, words in told.get("words", {}).items()},
        date_format=parse_date_format(str(told.get("date_format", ISO))),
        delimiter=told.get("delimiter", ","),
        encoding=told.get("encoding", "utf-8"),
    )


@dataclass(frozen=True, slots=True)
class Header:
    """The names of a file's columns, to be understood."""

    file: str
    names: Sequence[str]

    def mapped(self, kind: Kind, csv_map: CsvMap) -> Sequence[Mapped]:
        """Say where each field that the file has comes from.

        What is not said goes by name, whatever its case, spaces and underscores.
        Raises: ``SourceColumnMissing``; ``ColumnTwice``; ``FieldTwice``; ``FieldMissing``.
        """
        said = self._said(csv_map.columns)
        constants = {name: Mapped(name, value, "constant") for name, value in csv_map.constants.items()}
        taken = {one.source for one in said.values()} | set(FIX_UP_COLUMNS)
        by_name = self._by_name(kind, taken, {*said, *constants})
        found = {**by_name, **said, **constants}
        for one in kind.fields:
            if one.is_required and one.name not in found and not _is_of_optional_part(kind, one):
                raise self._missing(kind, one, taken)
        return [found[name] for name in kind.by_name if name in found]

    def renamed(self, mapped: Iterable[Mapped]) -> Sequence[str]:
        """Return the names with those that are a field's turned into it.

        A column that is called like a field and is none is marked, so that it is not taken for it.
        """
        fields = {one.source: one.field for one in mapped if one.how != "constant"}
        ours = {one.field for one in mapped}
        rest = {name: f"{name} (not used)" for name in self.names if name in ours and name not in fields}
        return [fields.get(name, rest.get(name, name)) for name in self.names]

    def _said(self, columns: Mapping[str, str]) -> dict[str, Mapped]:
        for name, column in columns.items():
            if column not in self.names:
                hint = near(column, self.names) or f" It has: {', '.join(self.names[:20])}."
                raise SourceColumnMissing(file=self.file, column=column, field=name, near=hint)
            first = next(other for other, same in columns.items() if same == column)
            if first != name:
                raise ColumnTwice(file=self.file, column=column, first=first, second=name)
        return {name: Mapped(name, column, "said") for name, column in columns.items()}

    def _by_name(self, kind: Kind, taken: set[str], known: set[str]) -> dict[str, Mapped]:
        found: dict[str, Mapped] = {}
        fields = {_folded(name): name for name in kind.by_name}
        for column in self.names:
            name = fields.get(_folded(column))
            if name is None or name in known or column in taken:
                continue
            if name in found and found[name].source != column:
                raise FieldTwice(file=self.file, field=name, first=found[name].source, second=column)
            found[name] = Mapped(name, column, "by name")
        return found

    def _missing(self, kind: Kind, one: Field, taken: set[str]) -> FieldMissing:
        free = [name for name in self.names if name not in taken]
        return FieldMissing(file=self.file, field=one.name, kind=kind.name, near=near(one.name, free))


def _is_of_optional_part(kind: Kind, one: Field) -> bool:
    return any(part.is_optional and one.name in kind.own_fields(part) for part in kind.parts)


def _folded(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()
