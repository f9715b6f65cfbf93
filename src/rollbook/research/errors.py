"""What can be wrong with a table that was, or is to be, published."""

from rollbook.core.errors import Conflict, Invalid, NotFound


class TableMissing(NotFound):
    """There is no file {path}, or it cannot be opened: {reason}."""


class TableUnreadable(Invalid):
    """{path} is no CSV file in UTF-8 ({reason}). Save the table as CSV, UTF-8, and try again."""


class TableShapeless(Invalid):
    """{path}, line {line}: {reason}. A table has one line of headers, then lines of labels and counts."""


class CellUnreadable(Invalid):
    """{path}, line {line}, column '{column}': no whole number and no mark such as * or <10 (--labels?)."""


class CellsRepeated(Invalid):
    """{path}, line {line}: a line before has the same labels. Each line needs labels of its own."""


class TableTooLarge(Invalid):
    """{path} has over {most:,} cells. Audit its parts, each with the totals that it shares."""


class TotalsContradict(Invalid):
    """No counts fit this sum: {sum}. Correct the table, or rename a total that adds up other cells."""


class NothingSuppressible(Invalid):
    """{path}, line {line}, column '{column}': this is suppressed already. Give all counts."""


class TableTaken(Conflict):
    """{path} is there already. Say --yes to write over it."""
