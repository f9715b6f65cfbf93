"""A CSV file with a mapping as a format of the import pipeline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import ColumnElement, select, tuple_

from rollbook.core.schema import Json
from rollbook.exchange.csv_files import checking, typing
from rollbook.exchange.csv_files.errors import ConstantInvalid, FieldMissing, OneFileNeeded
from rollbook.exchange.csv_files.kinds import kind_of
from rollbook.exchange.csv_files.lines import STAGE, Lines, incoming_of
from rollbook.exchange.csv_files.mapping import CsvMap, Header, Mapped, map_of_json
from rollbook.exchange.csv_files.reading import as_usual
from rollbook.exchange.csv_files.submissions import Submission
from rollbook.intake.dates import ISO
from rollbook.intake.drop import stage_file
from rollbook.intake.erased import NUMBER, leave_out_erased
from rollbook.intake.format import Run, register
from rollbook.intake.kinds import KNOWN_AT, Kind, Loaded, Part
from rollbook.intake.layout import Column, Layout
from rollbook.intake.members import Member
from rollbook.intake.target import Completeness, Target

KEY: Final = "csv"


@dataclass(slots=True)
class CsvFormat:
    """A file of ``kind``, called ``file``; ``is_complete``: what it does not name of its scope has left.

    ``guesses_dates``: nobody said how they are written.
    """

    kind: Kind
    csv_map: CsvMap
    file: str
    is_complete: bool = False
    guesses_dates: bool = True
    submission: Submission | None = None
    mapped: Sequence[Mapped] = ()
    lines: Lines = field(init=False)
    loaded: Loaded | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        """Name the kind."""
        return f"csv {self.kind.name}"

    @property
    def key(self) -> str:
        """Say how it is built again."""
        return KEY

    @property
    def options(self) -> Json:
        """What builds it again, for a retry: then the file is a delta in UTF-8 with commas."""
        return {"kind": self.kind.name, "file": self.file, "map": self.csv_map.as_json}

    @property
    def said(self) -> CsvMap:
        """The mapping with what went by name said, so that it can be kept."""
        columns = {one.field: one.source for one in self.mapped if one.how != "constant"}
        return replace(self.csv_map, columns=columns)

    def stage(self, run: Run) -> None:
        """Stage the one file.

        Raises: ``OneFileNeeded``; what ``Header.mapped`` raises; ``ConstantInvalid``.
        """
        self.csv_map.checked(self.kind)
        self._check_constants(run)
        member = self._only_member(run)
        usual = member if run.is_retry else as_usual(member, self.csv_map.encoding, self.csv_map.delimiter)
        self.loaded = self._load(run, usual)
        if self.loaded is None:
            self._stage_lines(run, usual)

    def _load(self, run: Run, member: Member) -> Loaded | None:
        """Take the faster way, where the kind has one and nothing is said of the file that it cannot heed."""
        is_usual = not self.csv_map.constants and self.csv_map.date_format == ISO
        if self.kind.load is None or self.is_complete or run.is_retry or not is_usual:
            return None
        return self.kind.load(run, member, lambda names: self._rename(member, names), self.csv_map.words)

    def _stage_lines(self, run: Run, usual: Member) -> None:
        stage_file(
            run,
            self._widest(),
            usual,
            rename=lambda names: self._rename(usual, names),
            may_lack=self._fields,
        )
        present = [one.field for one in self.mapped]
        self.lines = Lines(self.kind, self.csv_map, present, run.tenant.tenant_id, self.file)
        numbers = [name for name in self.lines.in_file if name == "student_number"]
        leave_out_erased(run, self.lines.stage, self.file, numbers, NUMBER)

    def check(self, run: Run) -> None:
        """Reject what is wrong with a line, by itself or beside others; on the way rows are typed."""
        if self.submission:
            self.submission.check(run)
        if self.loaded is not None and self.loaded.key(run.db):
            return
        if self.loaded is not None:
            self._stage_again(run)
        if not checking.is_clean(run, self.lines):
            self.lines = checking.understood(run, self.lines, guesses_dates=self.guesses_dates)
            checking.check_lines(run, self.lines)
        typing.type_parts(run, self.lines)
        while checking.check_rows(run, self.lines):
            typing.type_parts(run, self.lines)

    def _stage_again(self, run: Run) -> None:
        """Find out by its lines which rows of a loaded file repeat."""
        self.loaded = None
        run.staged.clear()
        usual = as_usual(self._only_member(run), self.csv_map.encoding, self.csv_map.delimiter)
        self._stage_lines(run, usual)

    def type_rows(self, run: Run) -> None:
        """Do nothing more: repeated rows had to be found in the typed ones."""

    def targets(self, run: Run) -> Sequence[Target]:
        """Name the tables that the file speaks of."""
        targets = (
            [self.loaded.target] if self.loaded else [self._target(part, run) for part in self.lines.parts]
        )
        return targets + ([self.submission.target(self.file)] if self.submission else [])

    @property
    def _fields(self) -> Sequence[str]:
        return [name for name in self.kind.by_name if name not in self.csv_map.constants]

    def _widest(self) -> Layout:
        return Layout(self.file, STAGE, tuple(Column(name, is_required=False) for name in self._fields))

    def _only_member(self, run: Run) -> Member:
        members = list(run.archive.members.values())
        if len(members) != 1 or run.archive.path.is_dir():
            raise OneFileNeeded(path=run.archive.path, count=len(members))
        return members[0]

    def _rename(self, member: Member, names: Sequence[str]) -> Sequence[str]:
        header = Header(member.name, names)
        self.mapped = header.mapped(self.kind, self.csv_map)
        self._check_parts(member.name)
        return header.renamed(self.mapped)

    def _check_parts(self, file: str) -> None:
        """See that what is needed of each part that the file speaks of is there."""
        present = {one.field for one in self.mapped}
        for part in self.kind.parts:
            own = self.kind.own_fields(part)
            for one in self.kind.fields:
                is_spoken_of = part.is_optional and own & present
                if is_spoken_of and one.is_required and one.name in own - present:
                    raise FieldMissing(file=file, field=one.name, kind=self.kind.name, near="")

    def _check_constants(self, run: Run) -> None:
        for name, value in self.csv_map.constants.items():
            form = self.csv_map.value_of(self.kind.by_name[name])
            if not run.db.scalar(select(form.holds(Lines.constant(value)))):
                raise ConstantInvalid(field=name, value=value, fault=form.fault)

    def _target(self, part: Part, run: Run) -> Target:
        columns = self.lines.columns_of(part)
        compared = tuple(name for name in columns if name not in part.key)
        is_bulk = self.is_complete and bool(part.scope) and not run.is_retry
        return Target(
            table=part.table,
            incoming=incoming_of(part),
            file=self.file,
            key=(part.entity,) if part.entity else part.key,
            compared=compared,
            inserted=part.key if part.entity else (),
            completeness=Completeness.BULK if is_bulk else Completeness.DELTA,
            leaving=part.leaving,
            scope=self._scope(part) if is_bulk else None,
            has_known_at=KNOWN_AT in self.lines.present,
            is_watched=part.is_watched,
            is_unique=True,
            month=part.month,
            merge=part.merge,
        )

    def _scope(self, part: Part) -> ColumnElement[bool]:
        """Of what it names, the file names all: such as the sections that its enrollments are in."""
        rows = typing.rows_of(part, self.lines)
        ours = [part.table.c[name] for name in part.scope]
        named = tuple_(*ours).in_(select(*(rows.c[name] for name in part.scope)))
        return named & self.submission.scope(part) if self.submission else named


def rebuild(options: Mapping[str, Any]) -> CsvFormat:
    """Build the format again from a receipt's options."""
    csv_map = map_of_json(options["map"])
    return CsvFormat(kind_of(options["kind"]), csv_map, options["file"])


register(KEY, rebuild)
