"""An import is taken back exactly, while nobody has touched the same rows; else it says why not."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from intake.school import District, Drop, Register
from rollbook.core.tenancy import find_tenant
from rollbook.intake.receipts import ImportNotFound
from rollbook.intake.target import Completeness
from rollbook.intake.undo import NothingToUndo, StillReferredTo, TableUndone, TouchedSince, Undone, undo

TABLES = ("schools", "students", "student_school_enrollments", "attendance_records", "source_records")
State = dict[str, Sequence[tuple[Any, ...]]]


def state(district: District) -> State:
    """Return every row as it is now; when it was known is no part of what it says."""
    query = "SELECT (to_jsonb(t) - 'known_at')::text FROM {} AS t ORDER BY 1"
    return {table: district.rows(query.format(table)) for table in TABLES}


def take_back(district: District, import_id: int | None, *, is_dry_run: bool = False) -> Undone:
    assert import_id is not None
    with district.session() as db:
        tenant = find_tenant(db, district.slug)
        done = undo(db, tenant, import_id, who="ada", is_dry_run=is_dry_run)
        db.commit()
    return done


def by_hand(district: District, statement: str) -> None:
    with district.session() as db:
        db.execute(text(statement))
        db.commit()


@pytest.fixture
def second(tmp_path: Path) -> Drop:
    """Change, add, close, delete and reopen something."""
    changed = Drop(tmp_path / "second")
    changed.change("schools.csv", "OAK,Oak,", "OAK,Great Oak,").add("schools.csv", "FIR,Fir,high")
    changed.change("students.csv", "1,Ada,3", "1,Ada,4").add("students.csv", "5,Eve,2,paid,")
    changed.change("enrollments.csv", "2,OAK,2025-09-01\n", "").add("enrollments.csv", "5,FIR,2025-09-08")
    changed.change("marks.csv", "4,2025-11-03,present\n", "").change("marks.csv", "02,absent", "02,tardy")
    return changed.add("marks.csv", "5,2025-12-01,absent")


def test_a_first_import_is_taken_back_to_nothing(district: District, drop: Drop) -> None:
    first = district.bring(drop)

    done = take_back(district, first.import_id)

    assert done.tables["students"] == TableUndone(removed=4)
    assert not any(state(district).values())
    assert district.rows("SELECT state, undone_by FROM imports") == [("undone", "ada")]


def test_a_second_import_is_taken_back_to_the_first(district: District, drop: Drop, second: Drop) -> None:
    district.bring(drop)
    before = state(district)
    outcome = district.bring(second)
    assert state(district) != before

    done = take_back(district, outcome.import_id)

    assert state(district) == before
    assert done.tables == {
        "schools": TableUndone(removed=1, given_back=1),
        "students": TableUndone(removed=1, given_back=1),
        "student_school_enrollments": TableUndone(removed=1, given_back=1),
        "attendance_records": TableUndone(removed=1, given_back=1, brought_back=1),
    }


def test_what_was_believed_in_between_stays_in_the_history(
    district: District, drop: Drop, second: Drop
) -> None:
    district.bring(drop)
    outcome = district.bring(second)

    take_back(district, outcome.import_id)

    assert district.rows(
        "SELECT grade_level, import_id, superseded_by_import FROM students_history"
        " WHERE student_number = '1' ORDER BY history_id"
    ) == [(3, 1, 2), (4, 2, 2)]
    ((known_at, believed_until),) = district.rows(
        "SELECT students.known_at, max(students_history.superseded_at)"
        " FROM students JOIN students_history USING (student_id)"
        " WHERE students.student_number = '1' GROUP BY 1"
    )
    assert known_at == believed_until


def test_imports_are_taken_back_one_after_the_other(
    district: District, drop: Drop, second: Drop, tmp_path: Path
) -> None:
    imports, states = [], [state_of_nothing(district, drop)]
    for one in (drop, second, drop, Drop(tmp_path / "fourth").change("students.csv", "1,Ada,3", "1,Ada,9")):
        imports.append(district.bring(one).import_id)
        states.append(state(district))

    for number in (3, 2, 1, 0):
        take_back(district, imports[number])
        assert state(district) == states[number]


def test_two_imports_are_taken_back_in_one_transaction(district: District, drop: Drop, second: Drop) -> None:
    imports = [district.bring(drop).import_id, district.bring(second).import_id]

    with district.session() as db:
        tenant = find_tenant(db, district.slug)
        for import_id in reversed(imports):
            assert import_id
            undo(db, tenant, import_id, who="ada")
        db.commit()

    assert not any(state(district).values())


def state_of_nothing(district: District, drop: Drop) -> State:
    """Return the state of a tenant that is there and empty."""
    take_back(district, district.bring(drop).import_id)
    return state(district)


def test_an_import_comes_in_again_after_it_was_taken_back(
    district: District, drop: Drop, second: Drop
) -> None:
    district.bring(drop)
    once = district.bring(second)
    take_back(district, once.import_id)

    again = district.bring(second)

    assert again.counts == once.counts
    take_back(district, again.import_id)
    assert take_back(district, 1).tables["students"].removed == 4


def test_a_later_import_of_the_same_rows_stands_in_the_way(
    district: District, drop: Drop, second: Drop
) -> None:
    first = district.bring(drop)
    district.bring(second)
    before = state(district)

    with pytest.raises(TouchedSince, match="later imports first") as refused:
        take_back(district, first.import_id)

    assert {touch.table: touch.changed for touch in refused.value.touches} == {
        "schools": 1,
        "students": 1,
        "student_school_enrollments": 1,
        "attendance_records": 2,
    }
    assert state(district) == before


def test_a_later_import_of_other_rows_does_not(district: District, drop: Drop) -> None:
    first = district.bring(drop)
    drop.files = {name: content[: content.index(b"\n") + 1] for name, content in drop.files.items()} | {
        "schools.csv": b"code,name,kind\nFIR,Fir,high\n"
    }
    district.bring(drop, Register(Completeness.DELTA))

    take_back(district, first.import_id)

    assert district.rows("SELECT school_code FROM schools") == [("FIR",)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE students SET last_name = 'Ida' WHERE student_number = '5'",
        "UPDATE students SET last_name = 'Ida' WHERE student_number = '1'",
        "DELETE FROM attendance_records WHERE date = '2025-12-01'",
    ],
)
def test_a_change_by_hand_stands_in_the_way(
    district: District, drop: Drop, second: Drop, statement: str
) -> None:
    district.bring(drop)
    outcome = district.bring(second)
    by_hand(district, statement)
    before = state(district)

    with pytest.raises(TouchedSince, match=r": of its rows 1 were changed since\."):
        take_back(district, outcome.import_id)

    assert state(district) == before


def test_a_row_that_is_there_again_by_another_hand_stands_in_the_way(
    district: District, drop: Drop, second: Drop
) -> None:
    district.bring(drop)
    outcome = district.bring(second)
    by_hand(
        district,
        "INSERT INTO attendance_records (tenant_id, student_id, date, status)"
        " SELECT tenant_id, student_id, '2025-11-03', 'absent' FROM students WHERE student_number = '4'",
    )

    with pytest.raises(TouchedSince, match="attendance_records: of its rows 1 are there again"):
        take_back(district, outcome.import_id)


def test_what_refers_to_an_imported_row_stands_in_the_way(district: District, drop: Drop) -> None:
    first = district.bring(drop)
    by_hand(
        district,
        "INSERT INTO attendance_records (tenant_id, student_id, date, status)"
        " SELECT tenant_id, student_id, '2025-09-05', 'absent' FROM students WHERE student_number = '4'",
    )

    with pytest.raises(StillReferredTo, match="attendance_records") as refused:
        take_back(district, first.import_id, is_dry_run=True)

    assert "2025" not in str(refused.value)


def test_a_dry_run_tells_and_changes_nothing(district: District, drop: Drop, second: Drop) -> None:
    district.bring(drop)
    outcome = district.bring(second)
    before = state(district)

    dry = take_back(district, outcome.import_id, is_dry_run=True)

    assert state(district) == before
    assert district.rows("SELECT DISTINCT state FROM imports") == [("done",)]
    assert dry.tables == take_back(district, outcome.import_id).tables


def test_only_what_is_done_can_be_undone(district: District, drop: Drop) -> None:
    import_id = district.bring(drop).import_id
    take_back(district, import_id)

    with pytest.raises(NothingToUndo, match="is undone"):
        take_back(district, import_id)
    with pytest.raises(ImportNotFound):
        take_back(district, 99)


def test_an_import_of_another_tenant_is_not_there(district: District, drop: Drop) -> None:
    other = District(district.url, "elm-hill")
    theirs = other.bring(drop).import_id
    district.bring(drop)

    with pytest.raises(ImportNotFound):
        take_back(district, theirs)


STUDENT = st.tuples(st.sampled_from("ABC"), st.sampled_from(["", "1", "2"]))
MARK = st.sampled_from(["present", "absent"])


@st.composite
def drops(draw: st.DrawFn) -> dict[str, bytes]:
    """Draw a drop of up to four students, where they are and what their marks are."""
    students = draw(st.dictionaries(st.sampled_from("1234"), STUDENT))
    marks = draw(st.dictionaries(st.tuples(st.sampled_from("1234"), st.sampled_from("12")), MARK))
    schools = {number: draw(st.sampled_from(["OAK", "ELM", ""])) for number in students}
    return {
        "schools.csv": b"code,name,kind\nOAK,Oak,elementary\nELM,Elm,high\n",
        "students.csv": b"number,name,grade,lunch,since\n"
        + "".join(f"{number},{name},{grade},,\n" for number, (name, grade) in students.items()).encode(),
        "enrollments.csv": b"number,school,entry\n"
        + "".join(f"{number},{at},2025-09-01\n" for number, at in schools.items() if at).encode(),
        "marks.csv": b"number,day,mark\n"
        + "".join(
            f"{number},2025-09-0{day},{mark}\n" for (number, day), mark in marks.items() if number in students
        ).encode(),
    }


def expected(files: dict[str, bytes], file: str) -> list[tuple[str, ...]]:
    lines = files[file].decode().splitlines()[1:]
    return sorted(tuple(line.split(",")) for line in lines)


TOLD = {
    "enrollments.csv": "SELECT student_number, school_code, entry_on::text FROM student_school_enrollments"
    " JOIN students USING (student_id) JOIN schools USING (school_id) WHERE exit_on IS NULL ORDER BY 1, 2",
    "marks.csv": "SELECT student_number, date::text, status FROM attendance_records"
    " JOIN students USING (student_id) ORDER BY 1, 2",
}


@pytest.mark.slow
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(sequence=st.lists(drops(), min_size=1, max_size=4))
def test_a_tenant_is_what_its_last_drop_says_and_goes_back_the_same_way(
    district: District, tmp_path: Path, sequence: list[dict[str, bytes]]
) -> None:
    everything = frozenset(TABLES[:4])
    tenant = District(district.url, f"t{abs(hash(str(sequence))) % 10**9}")
    empty = Drop(tmp_path / "drop")
    states, imports, form = [state_of_nothing(tenant, empty)], [], Register(closes_at_entry=True)
    for files in sequence:
        drop = Drop(tmp_path / "drop", files)
        imports.append(tenant.bring(drop, form, accept_shrink=everything).import_id)
        states.append(state(tenant))
        known = {row[0]: row[1:] for row in tenant.rows("SELECT student_number, last_name FROM students")}
        assert {n: (name,) for n, name, *_ in expected(files, "students.csv")}.items() <= known.items()
        for file, query in TOLD.items():
            assert tenant.rows(query) == expected(files, file)
        assert tenant.bring(drop, form, accept_shrink=everything).written == 0

    for number in reversed(range(len(imports))):
        take_back(tenant, imports[number])
        assert state(tenant) == states[number]
