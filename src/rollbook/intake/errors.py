"""What can be wrong with a whole file. A fault of one line is a ``Reject`` instead."""

from rollbook.core.errors import Conflict, Invalid, NotFound


class ArchiveMissing(NotFound):
    """There is no file or folder {path}."""


class ArchiveRefused(Invalid):
    """{file} is not opened: {why}."""


class FileChanged(Conflict):
    """{file} changed while it was read. Nothing was imported: wait until it is complete, then try again."""


class FileRepeated(Invalid):
    """{file} is there twice; which one is meant cannot be told. Leave one of them out."""


class FileMissing(Invalid):
    """{directory} has no file {file}."""


class FileUnreadable(Invalid):
    """{file} cannot be read: {why}."""


class EncodingUnknown(Invalid):
    """{file}, line 1: it is in {encoding} instead of UTF-8. Save it anew; --lenient, if known, reads it."""


class LineEndsUnknown(Invalid):
    """{file}, line 1: lines end with a carriage return alone. Save it anew; --lenient, if known, reads it."""


class FileEmpty(Invalid):
    """{file} is empty; its first line must name the columns."""


class HeaderUnreadable(Invalid):
    """{file}, line 1: the column names {why}."""


class ColumnMissing(Invalid):
    """{file}, line 1: the column {column} is missing."""


class ColumnRepeated(Invalid):
    """{file}, line 1: the column {column} is there twice."""


class LineTooLong(Invalid):
    """{file}, line {line}: the line is longer than {limit_bytes} bytes; is this a CSV file?"""


class QuoteNotClosed(Invalid):
    """{file}, line {line}: a quotation mark is opened here and not closed."""


class NotAFixUp(Invalid):
    """{file} is no file of rejects to be fixed: it lacks one of the columns {columns}.

    `rollbook import rejects --export FILE` writes one to begin with.
    """


class IncomingRepeats(Invalid):
    """{file}: {count} rows for {table} are there more than once, told apart by nothing that is kept.

    Nothing was imported. Leave in one of each.
    """


class RowsLost(Invalid):
    """{file}: {sent} rows were sent and {staged} arrived; nothing was kept."""
