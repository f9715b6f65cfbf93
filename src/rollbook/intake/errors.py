"""What can be wrong with a whole file. A fault of one line is a ``Reject`` instead."""

from rollbook.core.errors import Invalid


class FileMissing(Invalid):
    """{directory} has no file {file}."""


class FileUnreadable(Invalid):
    """{file} cannot be read: {why}."""


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


class RowsLost(Invalid):
    """{file}: {sent} rows were sent and {staged} arrived; nothing was kept."""
