"""What can be wrong with a CSV file, or with what was said of it, as a whole."""

from collections.abc import Iterable
from difflib import get_close_matches

from rollbook.core.errors import Invalid, NotFound


class KindUnknown(NotFound):
    """There is no kind of record '{kind}'.{near} `rollbook import csv --help` lists them all."""


class FieldUnknown(Invalid):
    """{kind} have no column '{field}'.{near} `rollbook import csv {kind} --describe` lists them all."""


class SourceColumnMissing(Invalid):
    """{file}, line 1: no column is called '{column}', as --map says of {field}.{near} Look at line 1."""


class FieldMissing(Invalid):
    """{file}, line 1: no column is the {field}, which {kind} need.{near} Say which: --map '{field}=...'."""


class FieldSaidTwice(Invalid):
    """--map says twice what the {field} is. Say it once."""


class ColumnTwice(Invalid):
    """{file}, line 1: '{column}' would be both the {first} and the {second}. Leave one out of --map."""


class FieldTwice(Invalid):
    """{file}, line 1: both '{first}' and '{second}' would be the {field}. Say which: --map '{field}=...'."""


class MapUnreadable(Invalid):
    """'{text}' is no mapping: write --map field=column, --map field:=value or --map FILE.toml."""


class WordsUnreadable(Invalid):
    """'{text}' says no meanings: write --words field:theirs=ours,theirs=ours."""


class WordUnknown(Invalid):
    """The {field} cannot be '{word}': it is one of {words}."""


class NoWords(Invalid):
    """The {field} is not one of a few words, so --words cannot give meanings for it."""


class MapFileUnreadable(Invalid):
    """{file} cannot be read as a mapping: {why}."""


class MapFileKept(Invalid):
    """{file} cannot be written: {why}."""


class ConstantInvalid(Invalid):
    """--map {field}:={value} does not go: it {fault}."""


class DatesUnclear(Invalid):
    """{file}: the {field} is not written YYYY-MM-DD.{readings} Nothing was imported."""


class EncodingLies(Invalid):
    """{file}, line {line}, column {column}: this is not {encoding}{hint}. Nothing was imported."""


class EncodingUnheardOf(Invalid):
    """'{encoding}' is no encoding that is read: use {encodings}."""


class DelimiterUnknown(Invalid):
    """'{delimiter}' cannot separate columns: use one character, or tab."""


class OneFileNeeded(Invalid):
    """{path} holds {count} files; a CSV import takes one: name that file itself."""


class CompleteUnclear(Invalid):
    """A file of {kind} cannot be complete: nothing would leave with it. Enrollments say who leaves."""


class SchoolUnknown(NotFound):
    """There is no school '{school}'.{near} Nothing was imported."""


class SchoolNeeded(Invalid):
    """{option} speaks of one school: say which with --school CODE."""


def near(name: str, names: Iterable[str]) -> str:
    """Say what somebody who wrote ``name`` may have meant, or nothing."""
    folded = {one.casefold(): one for one in names}
    found = get_close_matches(name.casefold(), folded, n=3, cutoff=0.6)
    return f" Is it {' or '.join(repr(folded[one]) for one in found)}?" if found else ""
