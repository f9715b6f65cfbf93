"""A bundle's files into staging tables of the shape of 1.2, and what is wrong with the files as a whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import text

from rollbook.core.errors import Invalid
from rollbook.exchange.oneroster.dialects import MISSPELT, Dialect
from rollbook.exchange.oneroster.manifest import FILE, Manifest, read_manifest
from rollbook.exchange.oneroster.shapes import EXTENSION, LIFECYCLE, SOURCED_ID, Table
from rollbook.exchange.oneroster.syntax import stray_quotes
from rollbook.exchange.oneroster.tables import TABLES
from rollbook.intake.drop import stage_absent, stage_file
from rollbook.intake.erased import drop_erased_from_list, leave_out_erased, source_kind, take_out
from rollbook.intake.format import Run
from rollbook.intake.layout import Column, Layout
from rollbook.intake.members import Member
from rollbook.intake.rejects import Reject
from rollbook.intake.stage import Staged

# Columns that name a user, and files whose own id is a user's.
_STUDENTS = ("userSourcedId", "studentSourcedId")
_PEOPLE = ("users", "demographics")
OLD_USERS = ("orgSourcedIds", "role")


@dataclass(slots=True)
class Bundle:
    """What was staged, and how: ``modes`` of the files, ``faults`` of those that were not read."""

    dialect: Dialect
    modes: dict[str, str] = field(default_factory=dict)
    faults: list[Reject] = field(default_factory=list)
    extensions: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """By table: the extension columns (``metadata.x``), and what they are called in the stage."""
    erased_results: list[str] = field(default_factory=list)
    """Results of students who were erased: what refers to them is left out too."""

    def mode(self, table: str) -> str:
        """Return absent, bulk or delta."""
        return self.modes.get(table, "absent")

    def is_bulk(self, table: str) -> bool:
        """Say whether the file is there, and holds all there is."""
        return self.mode(table) == "bulk"


def stage_bundle(run: Run) -> Bundle:
    """Stage every file that the manifest says is there; a fault of a file is noted, and the next one read."""
    manifest = _of_retry(run) if run.is_retry else read_manifest(run.archive, is_lenient=run.is_lenient)
    bundle = Bundle(manifest.dialect, faults=list(manifest.faults))
    _look_for_strangers(run, bundle)
    for table in TABLES.values():
        member = _wanted(run, bundle, manifest, table)
        if member is None or not _stage(run, bundle, table, member):
            stage_absent(run, layout_of(table))
        else:
            bundle.modes[table.name] = manifest.mode(table.name)
        _gather_extensions(run, bundle, table)
        _leave_out_erased(run, bundle, table)
    return bundle


def _leave_out_erased(run: Run, bundle: Bundle, table: Table) -> None:
    """Take out what a file says of students who were erased, and of their results; nothing is kept of it."""
    staged, kind = layout_of(table).table, source_kind(run.source)
    names = [name for name in layout_of(table).names if name in _STUDENTS]
    own = [SOURCED_ID] if table.name in _PEOPLE else []
    gone = leave_out_erased(run, staged, table.file, [*own, *names], kind, told=SOURCED_ID)
    if table.name == "results":
        bundle.erased_results = gone
    if "resultSourcedId" in staged.c and bundle.erased_results:
        take_out(run, staged, table.file, staged.c["resultSourcedId"].in_(bundle.erased_results))
    if "agentSourcedIds" in staged.c:
        drop_erased_from_list(run, staged, "agentSourcedIds", kind)


def layout_of(table: Table) -> Layout:
    """Return how a file is staged: users have the columns of 1.1 too."""
    layout = table.layout
    old = tuple(Column(name) for name in OLD_USERS) if table.name == "users" else ()
    return Layout(layout.file, layout.stage, (*layout.columns, *old), layout.key)


def _of_retry(run: Run) -> Manifest:
    """Take fixed rejects for a delta of 1.2's shape."""
    there = [name for name, table in TABLES.items() if run.archive.find(table.file)]
    return Manifest(modes=dict.fromkeys(there, "delta"))


def _look_for_strangers(run: Run, bundle: Bundle) -> None:
    known = {FILE.casefold(), *(table.file.casefold() for table in TABLES.values())}
    for name in run.archive.names:
        if name.casefold() not in known:
            if run.is_lenient or (run.archive.path.is_dir() and not name.endswith(".csv")):
                run.liberties.take(name, "is no file of OneRoster and was left out")
            else:
                bundle.faults.append(Reject(name, 1, None, "is no file of OneRoster [package.unknown_file]"))


def _wanted(run: Run, bundle: Bundle, manifest: Manifest, table: Table) -> Member | None:
    """Return the file if the manifest says that it is there, and it is."""
    member, mode = run.archive.find(table.file), manifest.mode(table.name)
    if (member is None) == (mode == "absent"):
        return member
    if member is None:
        _forgive(run, bundle, table.file, f"is {mode} in the manifest and missing", "manifest.file_missing")
    else:
        why = "is absent in the manifest, or not named there"
        _forgive(run, bundle, table.file, f"{why}, and is here", "manifest.file_unexpected")
    return None


def _forgive(run: Run, bundle: Bundle, file: str, what: str, code: str) -> None:
    """Note a liberty, or without leniency a fault."""
    if run.is_lenient:
        run.liberties.take(file, f"{what}; it was not read")
    else:
        bundle.faults.append(Reject(file, 1, None, f"{what} [{code}]"))


class FileFaulty(Invalid):
    """{file} is not read: see its faults."""


def _stage(run: Run, bundle: Bundle, table: Table, member: Member) -> bool:
    """Stage one file; return whether it could be."""
    before = len(bundle.faults)
    if not run.is_lenient:
        bundle.faults.extend(stray_quotes(member))
    try:
        with run.db.begin_nested():
            staged = _stage_readable(run, bundle, table, member)
            if len(bundle.faults) > before:
                raise FileFaulty(file=table.file)
    except Invalid as error:
        if len(bundle.faults) == before:
            bundle.faults.append(Reject(table.file, _line_of(error), None, f"{error} [{_code_of(error)}]"))
        return False
    bundle.extensions[table.name] = _extensions(staged)
    if staged.rows_read == 0 and not run.is_lenient:
        bundle.faults.append(Reject(table.file, 1, None, "has no rows [package.empty_file]"))
    return True


def _stage_readable(run: Run, bundle: Bundle, table: Table, member: Member) -> Staged:
    header, layout = _Header(run, bundle, table), layout_of(table)
    return stage_file(run, layout, member, rename=header.read, may_lack=layout.names)


def _line_of(error: Invalid) -> int:
    line = error.facts.get("line")
    return line if isinstance(line, int) else 1


def _code_of(error: Invalid) -> str:
    """Return the code of a fault that makes a file unreadable."""
    codes = {
        "QuoteNotClosed": "csv.unclosed_quote",
        "EncodingUnknown": "csv.invalid_utf8",
        "LineEndsUnknown": "csv.bare_carriage_return",
        "FileUnreadable": "zip.unreadable",
        "FileEmpty": "schema.missing_header",
    }
    return codes.get(error.code, "schema.invalid_header")


def _extensions(staged: Staged) -> Mapping[str, str]:
    return {name: column for name, column in staged.columns.items() if name.startswith(EXTENSION)}


@dataclass(slots=True)
class _Header:
    """Compares a file's header with that of its version, and says what each column is called in the stage."""

    run: Run
    bundle: Bundle
    table: Table

    def read(self, header: Sequence[str]) -> Sequence[str]:
        """Note faults, or with leniency liberties, and return the names of 1.2."""
        names = self.bundle.dialect.names(self.table)
        if self.run.is_retry:
            return list(header)
        if self.run.is_lenient or not self.bundle.dialect.has_fixed_order:
            return self._kindly(header, names)
        self._strictly(header, list(names))
        return [names.get(name, name) for name in header]

    def _strictly(self, header: Sequence[str], wanted: Sequence[str]) -> None:
        known, extra = header[: len(wanted)], header[len(wanted) :]
        for place, (name, right) in enumerate(zip(known, wanted, strict=False), 1):
            if name != right:
                self._fault(name, f"column {place} must be {right}", "header_order_mismatch")
                return
        for name in wanted[len(known) :]:
            self._fault(name, "is missing from the header", "header_order_mismatch")
        for name in extra:
            if not name.startswith(EXTENSION) or name == EXTENSION:
                self._fault(name, "is no column of OneRoster", "invalid_metadata_header")

    def _fault(self, column: str, reason: str, code: str) -> None:
        self.bundle.faults.append(Reject(self.table.file, 1, column, f"{reason} [schema.{code}]"))

    def _kindly(self, header: Sequence[str], names: Mapping[str, str]) -> Sequence[str]:
        by_case = {
            **{name.casefold(): name for name in self.table.header},
            **{name.casefold(): right for name, right in names.items()},
        }
        found = [self._known(name, names, by_case) for name in header]
        if self.bundle.dialect.has_fixed_order and self._is_out_of_order(found, list(names.values())):
            self.run.liberties.take(self.table.file, "has its columns in another order")
        missing = [name for name in self.table.header if name in names.values() and name not in found]
        for name in missing:
            if name not in LIFECYCLE[1:] and self.bundle.dialect.has_fixed_order:
                self.run.liberties.take(self.table.file, f"lacks the column {name}")
        return found

    def _known(self, name: str, names: Mapping[str, str], by_case: Mapping[str, str]) -> str:
        """Return what 1.2 calls the column, however it is written."""
        if name in names:
            return names[name]
        plain = name.strip().casefold()
        right = by_case.get(plain) or MISSPELT.get(plain)
        if right in by_case.values():
            self.run.liberties.take(self.table.file, f"calls the column {right} {name}")
            return str(right)
        if not name.startswith(EXTENSION):
            self.run.liberties.take(self.table.file, f"has a column {name} that was left out")
        return name

    def _is_out_of_order(self, found: Sequence[str], wanted: Sequence[str]) -> bool:
        known = [name for name in found if name in wanted]
        return known != [name for name in wanted if name in known]


def _gather_extensions(run: Run, bundle: Bundle, table: Table) -> None:
    """Put the extension columns of each row into one; static queries can read that."""
    connection = run.db.connection()
    connection.exec_driver_sql(f"ALTER TABLE {table.stage} ADD COLUMN extension jsonb")
    columns = bundle.extensions.get(table.name)
    if not columns:
        return
    pairs = ", ".join(
        f"cast(:name_{number} AS text), {column}" for number, column in enumerate(columns.values())
    )
    gathered = f"jsonb_strip_nulls(jsonb_build_object({pairs}))"
    query = f"UPDATE {table.stage} SET extension = nullif({gathered}, '{{}}')"  # noqa: S608 -- names of ours
    connection.execute(text(query), {f"name_{n}": name for n, name in enumerate(columns)})
