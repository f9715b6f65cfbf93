"""What may be wrong with lines, found as sets: first whether anything is, and only then what and where."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    false,
    func,
    literal,
    or_,
    select,
    true,
)

from rollbook.exchange.csv_files import typing
from rollbook.exchange.csv_files.errors import DatesUnclear
from rollbook.exchange.csv_files.half_told import broken, half_told
from rollbook.exchange.csv_files.lines import Lines
from rollbook.intake.checks import Fault, check_forms, reject_lines, reject_where
from rollbook.intake.dates import ISO, USUAL, DateFormat
from rollbook.intake.format import Run
from rollbook.intake.kinds import Lookup, Part
from rollbook.intake.layout import LINE_NUMBER
from rollbook.intake.moments import Day

_AMBIGUOUS: Final = "03/04/2026"


def is_clean(run: Run, lines: Lines) -> bool:
    """Say, in one pass, that no line is wrong by itself; None of what the file brings itself is known yet."""
    if lines.brings:
        return False
    wrong = [lines.leads_nowhere(one) for one in lines.lookups.values()]
    wrong += [lines.rule_fails(nr) for nr in lines.rules()]
    is_wrong = case((lines.is_well_formed(is_looked_up=True), or_(false(), *wrong)), else_=true())
    return _is_fine(run, _any_joined(lines, is_wrong))


def understood(run: Run, lines: Lines, *, guesses_dates: bool) -> Lines:
    """Return ``lines`` with the way they write dates, if that is clear.

    Raises: ``DatesUnclear`` if dates are not ISO and nobody said what they are; with leniency only if they
        can be read in more than one way.
    """
    days = [name for name in lines.in_file if isinstance(lines.kind.by_name[name].value, Day)]
    if not days or not guesses_dates or lines.csv_map.date_format != ISO:
        return lines
    if not run.db.scalar(select(_any_line(lines, or_(*(_is_no_date(lines, name, ISO) for name in days))))):
        return lines
    readings = [one for one in USUAL if one != ISO and not _is_broken(run, lines, days, one)]
    if not readings:
        return lines
    if len(readings) > 1 or not run.is_lenient:
        raise DatesUnclear(file=lines.file, field=", ".join(days), readings=_sentence(readings))
    run.liberties.take(lines.file, f"writes dates as {readings[0]}")
    return replace(lines, csv_map=replace(lines.csv_map, date_format=readings[0]))


def check_lines(run: Run, lines: Lines) -> None:
    """Reject the lines with a value of the wrong form, a reference to nothing, or a broken rule."""
    if not _is_fine(run, _any_line(lines, ~func.coalesce(lines.is_well_formed(), false()))):
        _check_forms(run, lines)
    typing.make_keys(run, lines)
    wrong = [lines.leads_nowhere(one) for one in lines.lookups.values()]
    wrong += [lines.rule_fails(nr) for nr in lines.rules()]
    if wrong and not _is_fine(run, _any_joined(lines, or_(*wrong))):
        _check_references(run, lines)
        _check_rules(run, lines)


def check_rows(run: Run, lines: Lines) -> bool:
    """Reject the lines whose rows do not go together; say whether there were any."""
    before = run.rejects.total
    for part in lines.parts:
        if not _is_fine(run, _any_repeated(lines, part)):
            _reject(run, lines, _repeats(lines, part))
        if part.is_shared:
            _reject(run, lines, _contradictions(lines, part))
        check = lines.kind.checks.get(part.table.name)
        if check:
            _reject(run, lines, check(typing.rows_of(part, lines), lines.tenant_id))
        for rule in half_told(lines, part):
            _reject(run, lines, broken(lines, part, rule))
    if run.rejects.total:
        for one in lines.lookups.values():
            if one.is_brought:
                _reject_lost(run, lines, one, "refers to a rejected row")
    return run.rejects.total > before


def _is_fine(run: Run, anything: ColumnElement[bool]) -> bool:
    return not run.db.scalar(select(anything))


def _any_line(lines: Lines, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(literal(1)).select_from(lines.stage).where(condition).exists()


def _any_joined(lines: Lines, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(literal(1)).select_from(lines.joined()).where(condition).exists()


def _is_no_date(lines: Lines, name: str, written: DateFormat) -> ColumnElement[bool]:
    value = lines.stage.c[name]
    return and_(value.is_not(None), ~Day(written).holds(value))


def _is_broken(run: Run, lines: Lines, days: Iterable[str], written: DateFormat) -> bool:
    return not _is_fine(run, _any_line(lines, or_(*(_is_no_date(lines, name, written) for name in days))))


def _sentence(readings: Sequence[DateFormat]) -> str:
    options = " or ".join(f"--date-format {one}" for one in readings)
    if len(readings) == 1:
        return f" Every value fits another way to write dates: if that is how they are meant, say {options}."
    days = f" ({_AMBIGUOUS} is 4 March in the one, 3 April in the other)"
    return f" Every value fits more than one way to write dates{days}: say {options}."


def _check_forms(run: Run, lines: Lines) -> None:
    check_forms(run.db, lines.layout, run.rejects)
    for name in lines.in_file:
        is_missing = lines.is_missing(name)
        if is_missing is not None:
            reject_where(run.db, lines.layout, is_missing, Fault(name, "is empty"), run.rejects)


def _check_references(run: Run, lines: Lines) -> None:
    for one in lines.lookups.values():
        _reject_lost(run, lines, one, f"has no match in {one.table.name}")


def _reject_lost(run: Run, lines: Lines, one: Lookup, why: str) -> None:
    fields = ", ".join(name for name in lines.kind.by_name if name in lines.kind.fields_of(one.name))
    _reject(run, lines, _faults(lines, lines.leads_nowhere(one), fields, why))


def _check_rules(run: Run, lines: Lines) -> None:
    for nr in lines.rules():
        rule = lines.kind.rules[nr]
        _reject(run, lines, _faults(lines, lines.rule_fails(nr), ", ".join(rule.fields), rule.reason))


def _faults(
    lines: Lines, condition: ColumnElement[bool], fields: str, why: str
) -> Select[tuple[int, str, str]]:
    return (
        select(
            lines.stage.c[LINE_NUMBER],
            literal(fields).label("column_name"),
            literal(why).label("reason"),
        )
        .select_from(lines.joined())
        .where(condition)
    )


def _reject(run: Run, lines: Lines, faults: Select[tuple[int, str, str]]) -> None:
    reject_lines(run.db, lines.layout, faults, run.rejects)


def _any_repeated(lines: Lines, part: Part) -> ColumnElement[bool]:
    rows = typing.rows_of(part, lines)
    key = [rows.c[name] for name in part.key]
    return select(literal(1)).select_from(rows).group_by(*key).having(func.count() > 1).exists()


def _repeats(lines: Lines, part: Part) -> Select[tuple[int, str, str]]:
    """Name the lines whose key an earlier one has."""
    rows = typing.rows_of(part, lines)
    key = [rows.c[name] for name in part.key]
    first = func.min(rows.c[LINE_NUMBER]).over(partition_by=key)
    found = select(rows.c[LINE_NUMBER], first.label("first_line")).subquery("repeats")
    return select(
        found.c[LINE_NUMBER],
        literal(_fields_of(lines, part)).label("column_name"),
        func.format("repeats line %s", found.c.first_line).label("reason"),
    ).where(found.c.first_line < found.c[LINE_NUMBER])


def _contradictions(lines: Lines, part: Part) -> Select[tuple[int, str, str]]:
    """Name the lines that say of a row something else than the first line that speaks of it."""
    columns = [name for name in lines.columns_of(part) if name not in part.key]
    told = typing.all_rows(lines, part).subquery("told")
    rows = typing.rows_of(part, lines)
    same = and_(*(told.c[name] == rows.c[name] for name in part.key))
    differs = or_(false(), *(told.c[name].is_distinct_from(rows.c[name]) for name in columns))
    return (
        select(
            told.c[LINE_NUMBER],
            literal(", ".join(part.columns[name] for name in columns)).label("column_name"),
            func.format("differs from line %s, which is about the same row", rows.c[LINE_NUMBER]).label(
                "reason"
            ),
        )
        .select_from(told.join(rows, same))
        .where(differs)
    )


def _fields_of(lines: Lines, part: Part) -> str:
    names = set().union(*(lines.kind.fields_of(part.columns[name]) for name in part.key))
    return ", ".join(name for name in lines.kind.by_name if name in names)
