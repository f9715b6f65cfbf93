"""What can go wrong with archives, each with what to do about it."""

from rollbook.core.errors import Conflict, Invalid, NotFound, Unavailable


class ExtraMissing(Unavailable):
    """Archives need pyarrow and DuckDB. Install them with `pip install 'rollbook[archive]'`."""


class ArchiveBusy(Unavailable):
    """Another `rollbook archive` is at work on this database. Wait for it, then try again."""


class TableBusy(Unavailable):
    """Others hold {table} and did not let go of it. Nothing is lost; run the command again later.

    A month that is half taken out is finished by the next run.
    """


class NotArchivable(Invalid):
    """{table} is not archived. Those that may be: {tables}."""


class MonthInvalid(Invalid):
    """'{month}' is no month: write it as 2019-03."""


class FolderUnusable(Unavailable):
    """The archive's folder {folder} cannot be used: {reason}. Nothing was taken out of the database."""


class FileMissing(Unavailable):
    """{file} is not in the archive's folder {folder}. Put it back from a copy of that folder.

    If the database was restored to an earlier hour, the file may have been written anew since:
    `rollbook archive adopt` finds what took its place.
    """


class FileDamaged(Unavailable):
    """{file} is not what was archived. Put it back from a copy of the archive's folder."""


class ChecksumDiffers(Unavailable):
    """What was read back of {table} {month} is not what the database has. Its rows stay there.

    Please report this as a fault of Rollbook.
    """


class MonthDoubled(Conflict):
    """The archive has other rows of {table} {month} than the database has now. Both stay as they are.

    Bring those of the archive back to the others: `rollbook archive restore {table} {month} --yes`; the next
    run archives them together.
    """


class ValueUnfit(Unavailable):
    """{table} {month} has a value that Parquet cannot hold, such as an infinite date. Its rows stay."""


class NothingArchived(NotFound):
    """Nothing of {table} {month} is in the archive. `rollbook archive list` says what is."""


class MonthLeaving(Conflict):
    """{table} {month} is half taken out, and still in the database. First: `rollbook archive run --yes`."""


class MonthHasRows(Conflict):
    """{table} has rows of {month} that the archive has too. Nothing was restored."""


class ColumnsGone(Conflict):
    """The archive of {table} {month} has columns that the table no longer has: {columns}.

    Restore it with the release that archived it, then upgrade.
    """


class RowsUnfit(Conflict):
    """Rows of {table} {month} do not fit the table as it is now ({rule}). They stay in the archive.

    `rollbook archive query` reads them; or restore them with the release that archived them, then upgrade.
    """


class QueryInvalid(Invalid):
    """The query was not understood: {reason}. It has to be one SELECT."""


class ValueUnreadable(Invalid):
    """A table that the query names has a value that it cannot read, such as an infinite date."""


class ArchiveMoved(Unavailable):
    """Months left or came back to the database each time while they were read. Ask again in a while."""

    retry_after_s = 60
