"""Checks of what is staged: every fault of every row; then the rows go out, and those that refer to them."""

from typing import Any, Final

from sqlalchemy import Select, func, literal, select, update
from sqlalchemy.dialects.postgresql import aggregate_order_by

from rollbook.core.sql import named_sql
from rollbook.exchange.oneroster import cells
from rollbook.exchange.oneroster.errors import BundleRefused
from rollbook.exchange.oneroster.faults import (
    MAKE,
    count_named,
    faults_of,
    first_faults,
    gather_forms,
    gather_lost_references,
    gather_named,
    gather_repeats,
    leads_nowhere,
    values_of,
    written,
)
from rollbook.exchange.oneroster.leniency import forgive
from rollbook.exchange.oneroster.shapes import Cell
from rollbook.exchange.oneroster.staging import Bundle, layout_of
from rollbook.exchange.oneroster.tables import TABLES
from rollbook.intake.checks import reject_lines
from rollbook.intake.format import Run
from rollbook.intake.layout import LINE_NUMBER

SQL: Final = named_sql("rollbook.exchange.oneroster", "checks.sql")
MOST_SHOWN: Final = 1000
# What our tables cannot hold; with leniency too.
IMPOSSIBLE: Final = (
    ("academicSessions", "dates_of_session"),
    ("academicSessions", "session_in_itself"),
    ("roles", "dates_of_role"),
    ("enrollments", "dates_of_enrollment"),
    ("demographics", "birth_date"),
)
# What OneRoster forbids and a kind reader can bear; and the files that must be complete to tell.
FORBIDDEN: Final = (
    ("courses", "school_year_of_course", ()),
    ("classes", "school_of_class", ()),
    ("enrollments", "school_of_enrollment", ()),
    ("lineItems", "school_of_line_item", ()),
    ("lineItems", "session_of_line_item", ()),
    ("lineItems", "range_of_line_item", ()),
    ("roles", "primary_roles", ()),
    ("users", "primary_org", ("roles",)),
    ("roles", "profile_of_role", ()),
    ("results", "class_of_result", ()),
    ("results", "student_of_result", ("enrollments",)),
    ("lineItemLearningObjectiveIds", "objective_of_line_item", ()),
    ("resultLearningObjectiveIds", "objective_of_result", ()),
    ("userResources", "org_of_user_resource", ()),
    ("userResources", "class_of_user_resource", ("enrollments",)),
)

# What is told, and let pass: a score above the most is extra credit, and a password is nothing to keep.
TOLD: Final = (
    ("results", "score_of_result", "has a score outside the range of its line item"),
    ("users", "password_of_user", "has a password; it was not kept"),
    ("userProfiles", "password_of_profile", "has a password; it was not kept"),
)


def check_bundle(run: Run, bundle: Bundle) -> None:
    """Reject each row with a fault, and each that refers to such a row.

    Raises: ``BundleRefused`` if a file itself is wrong; it names the faults of the rows too.
    """
    run.db.execute(MAKE)
    if bundle.dialect.version == "1.0":
        run.db.execute(SQL["years_of_sessions"])
        run.db.execute(SQL["ids_of_users"])
    if run.is_lenient:
        forgive(run, bundle)
    found = sum(_gather(run, bundle, name) for name in bundle.modes)
    if bundle.faults:
        rows, total = first_faults(run.db, MOST_SHOWN)
        raise BundleRefused([*bundle.faults, *rows], len(bundle.faults) + total)
    if found:
        _take_out(run, bundle)
    for name, query, what in TOLD:
        if name in bundle.modes:
            run.liberties.take(TABLES[name].file, what, count_named(run.db, name, SQL[query]))
    if not bundle.dialect.has_roles and "users" in bundle.modes:
        run.db.execute(SQL["roles_of_users"])
        bundle.modes["roles"] = bundle.mode("users")


def _gather(run: Run, bundle: Bundle, name: str) -> int:
    """Note all that is wrong with a file's rows; return how many faults that is."""
    found = gather_forms(run.db, bundle, name, is_lenient=run.is_lenient) + gather_repeats(run.db, name)
    for cell in _references(bundle, name):
        if run.is_lenient and not cell.is_required:
            _drop_reference(run, name, cell)
        else:
            back = looks_back(run, bundle, name)
            found += gather_lost_references(run, bundle, name, cell, looks_back=back)
    for table, query in IMPOSSIBLE:
        found += gather_named(run.db, name, SQL[query]) if table == name else 0
    for table, query, complete in FORBIDDEN:
        if table == name and all(map(bundle.is_bulk, complete)):
            found += _look_at(run, name, query)
    return found


def looks_back(run: Run, bundle: Bundle, name: str) -> bool:
    """Say whether a file's rows may refer to what an earlier bundle brought."""
    return run.is_lenient or run.is_retry or bundle.mode(name) == "delta"


def _look_at(run: Run, name: str, query: str) -> int:
    """Note what OneRoster forbids, or with leniency tell it and let it pass."""
    if not run.is_lenient:
        return gather_named(run.db, name, SQL[query])
    what = query.replace("_", " ")
    run.liberties.take(TABLES[name].file, f"breaks the rule: {what}", count_named(run.db, name, SQL[query]))
    return 0


def _references(bundle: Bundle, name: str) -> list[Cell]:
    own = list(TABLES[name].references)
    if name == "users" and not bundle.dialect.has_roles:
        own.append(Cell("orgSourcedIds", cells.GUIDS, is_required=True, to="orgs"))
    written = set(bundle.dialect.names(TABLES[name]).values())
    return [cell for cell in own if cell.name in written]


def _drop_reference(run: Run, name: str, cell: Cell) -> None:
    """With leniency, leave out a reference that leads nowhere where the row can do without."""
    stage = layout_of(TABLES[name]).table
    place, value = values_of(name, cell)
    lost = select(place).where(leads_nowhere(run.source, cell, value, looks_back=True)).subquery("lost")
    is_lost = stage.c[LINE_NUMBER].in_(select(lost.c[0]))
    count = written(run.db, update(stage).where(is_lost).values({cell.name: _found(run, name, cell)}))
    what = f"has a {cell.name} without a match in {cell.to}.csv; it was left out"
    run.liberties.take(TABLES[name].file, what, count)


def _found(run: Run, name: str, cell: Cell) -> Any:  # noqa: ANN401 -- SQL or nothing
    """Return what remains of a reference: nothing, or of a list those that lead somewhere."""
    if cell.form is not cells.GUIDS:
        return None
    value = layout_of(TABLES[name]).table.c[cell.name]
    parts = func.unnest(func.string_to_array(value, ",")).table_valued(
        "id", with_ordinality="nr", name="part"
    )
    part = parts.render_derived()
    stays = ~leads_nowhere(run.source, cell, part.c.id, looks_back=True)
    return (
        select(func.string_agg(part.c.id, aggregate_order_by(literal(","), part.c.nr)))
        .where(stays)
        .scalar_subquery()
    )


def _take_out(run: Run, bundle: Bundle) -> None:
    """Take out the faulty rows, then those that refer to them."""
    for name in bundle.modes:
        reject_lines(run.db, layout_of(TABLES[name]), faults_of(name), run.rejects)
    cascade(run, bundle)


def cascade(run: Run, bundle: Bundle) -> None:
    """Reject the rows that refer to rejected ones, until nothing more falls."""
    names = [name for name in bundle.modes if name != "roles" or bundle.dialect.has_roles]
    before = -1
    while before != run.rejects.total:
        before = run.rejects.total
        for name in names:
            for cell in _references(bundle, name):
                alone = _left_alone(run, bundle, name, cell)
                reject_lines(run.db, layout_of(TABLES[name]), alone, run.rejects)


def _left_alone(run: Run, bundle: Bundle, name: str, cell: Cell) -> Select[Any]:
    place, value = values_of(name, cell)
    lost = leads_nowhere(run.source, cell, value, looks_back=looks_back(run, bundle, name))
    reason = f"refers to a rejected row of {cell.to}.csv [reference.rejected_target]"
    named: tuple[Any, ...] = (
        place.label(LINE_NUMBER),
        literal(cell.name).label("column_name"),
        literal(reason).label("reason"),
    )
    return select(*named).where(lost)
