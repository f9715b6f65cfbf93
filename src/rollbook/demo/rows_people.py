"""Phases 2 to 4 as rows: staff, students and their schools; their guardians; the programs they are in."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from rollbook.demo.calendar import Array, day_of, instants
from rollbook.demo.facts import Batch, Columns, Correction, lists, pick, same, words_of
from rollbook.demo.faculty import Faculty
from rollbook.demo.plan import ELEMENTARY_SCHOOLS, GRADES, SCHOOLS
from rollbook.demo.roster import Stays
from rollbook.demo.words import BOYS, FAMILIES, GIRLS
from rollbook.demo.world import AreaInYear
from rollbook.roster.models import StaffRole
from rollbook.roster.models_families import ProgramType

_MORNING: Final = 7 * 60
_TWO_PARENTS: Final = 0.72
_FREE_LUNCH: Final = 0.8
_ENDS_ENGLISH: Final = 0.06


def people(here: AreaInYear) -> Iterator[Batch]:
    """Yield who works and who learns here."""
    yield from _staff(here)
    yield _students(here)
    yield from _school_enrollments(here)


def _staff(here: AreaInYear) -> Iterator[Batch]:
    new, faculty = here.hired, here.faculty
    schools = here.school_ids[np.array(faculty.school, dtype=int)[new]]
    known = instants(np.full(len(new), day_of(here.year.opens_on)), 10 * 60)
    yield Batch(
        "staff",
        {
            "staff_id": faculty.ids[new],
            "staff_number": lists([faculty.numbers[n] for n in new]),
            "first_name": lists([faculty.first_names[n] for n in new]),
            "last_name": lists([faculty.last_names[n] for n in new]),
            "school_id": schools,
            "email": lists([f"{faculty.numbers[n].lower()}@staff.example" for n in new]),
            "known_at": known,
        },
    )
    yield Batch(
        "staff_assignments",
        {
            "staff_assignment_id": here.ids("staff assignments").draw(len(new)),
            "staff_id": faculty.ids[new],
            "school_id": schools,
            "staff_role": words_of([faculty.role[n].value for n in new]),
            "begins_on": np.full(len(new), day_of(here.year.opens_on)),
            "known_at": known,
        },
    )


def _students(here: AreaInYear) -> Batch:
    """Return who is new; who was here before is in another grade now."""
    members, people = here.roster.members, here.roster.people
    new = np.flatnonzero(members.is_new)
    who = members.person[new]
    row = {
        "student_id": people.ids[who],
        "student_number": people.numbers[who],
        "first_name": people.first_names[who],
        "last_name": people.last_names[who],
        "birth_date": people.birth_date[who],
        "gender": people.gender[who],
        "race_ethnicity": people.race_ethnicity[who],
        "languages": people.languages[who],
        "grade_level": members.grade[new],
        "is_english_learner": people.is_english_learner[who],
        "is_special_education": people.is_special_education[who],
        "economic_status": people.economic_status[who],
        "is_directory_opt_out": people.is_opted_out[who],
        "known_at": instants(members.entry_on[new], _MORNING),
    }
    back = np.flatnonzero(~members.is_new)
    grown = Correction(
        {"student_id": here.student_ids(back)},
        {"grade_level": members.grade[back], "known_at": instants(members.entry_on[back], _MORNING)},
    )
    return Batch("students", row, (grown,) if len(back) else ())


def _school_enrollments(here: AreaInYear) -> Iterator[Batch]:
    """Place each student in a school, with a counselor; who left it has a version more.

    Those who move come to the second school when they have left the first: nobody is in two.
    """
    stays, year = here.roster.stays, here.year
    count = len(stays)
    ids = here.ids("school enrollments").draw(count)
    rows: Columns = {
        "enrollment_id": ids,
        "student_id": here.student_ids(stays.member),
        "school_id": here.school_ids[stays.school],
        "school_year": np.full(count, year.number),
        "grade_level": stays.grade,
        "entry_on": stays.entry_on,
        "entry_code": words_of(
            ["moved within district" if moved else "enrolled" for moved in stays.is_moved_in]
        ),
        "counselor_staff_id": here.faculty.ids[_counselors(stays, here.faculty)],
        "known_at": instants(stays.entry_on, _MORNING + 30),
    }
    left = ~np.isnat(stays.exit_on)
    codes = words_of(["moved within district" if moved else "transferred" for moved in stays.is_moved_out])
    leaving = Correction(
        {"enrollment_id": ids[left]},
        {
            "exit_on": stays.exit_on[left],
            "exit_code": codes[left],
            # Before the school that is moved to, which counts from that day on, says so at 7:30.
            "known_at": instants(stays.exit_on[left], _MORNING + 10),
        },
    )
    corrections = (leaving,) if here.is_last else (leaving, _year_end(here, ids, ~left))
    yield from _in_turn(Batch("student_school_enrollments", rows, corrections), stays.is_moved_in)


def _in_turn(batch: Batch, is_second: Array) -> Iterator[Batch]:
    for rows in (~is_second, is_second):
        ids = batch.rows["enrollment_id"][rows]
        assert isinstance(ids, np.ndarray)
        corrections = tuple(_of_rows(correction, ids) for correction in batch.corrections)
        yield Batch(batch.table, pick(batch.rows, rows), corrections)


def _of_rows(correction: Correction, ids: Array) -> Correction:
    key = correction.key["enrollment_id"]
    assert isinstance(key, np.ndarray)
    chosen = np.isin(key.view("S16"), ids.view("S16"))
    return Correction(pick(correction.key, chosen), pick(correction.columns, chosen))


def _year_end(here: AreaInYear, ids: Array, rows: Array) -> Correction:
    """Return how the year ended for those who stayed; the latest year's enrollments stay open."""
    count, last = int(rows.sum()), day_of(here.year.ends_on)
    grade = here.roster.stays.grade[rows]
    codes = ["graduated" if done else "end of year" for done in grade == GRADES - 1]
    return Correction(
        {"enrollment_id": ids[rows]},
        {
            "exit_on": np.full(count, last + 1),
            "exit_code": words_of(codes),
            "known_at": instants(np.full(count, last + 1), 12 * 60),
        },
    )


def _counselors(stays: Stays, faculty: Faculty) -> Array:
    """Return the counselor of each stay: the school's counselors in turn."""
    chosen = np.zeros(len(stays), dtype=int)
    for school in range(SCHOOLS):
        members = np.flatnonzero(stays.school == school)
        team = np.array(faculty.of(StaffRole.COUNSELOR, school), dtype=int)
        if len(members):
            chosen[members] = team[np.arange(len(members)) % len(team)]
    return chosen


def families(here: AreaInYear) -> Iterator[Batch]:
    """Yield one or two guardians for each family that is new, and what they are to its students."""
    rng, members, people = here.rng("families"), here.roster.members, here.roster.people
    new = members.person[members.is_new]
    since = np.unique(people.family[new])
    parents = np.where(rng.random(len(since)) < _TWO_PARENTS, 2, 1)
    family = np.arange(len(since)).repeat(parents)
    is_second = np.append(False, family[1:] == family[:-1])
    is_mother = rng.random(len(family)) < np.where(is_second, 0.1, 0.85)
    ids = here.ids("guardians").draw(len(family))
    entered = np.full(len(people), np.datetime64("9999-12-31"))
    np.minimum.at(entered, people.family[new], members.entry_on[members.is_new])
    keeps_name = rng.random(len(family)) < 0.8
    known = instants(entered[since][family], _MORNING + 5)
    numbers = [f"G{here.area.number:02}{here.year.number % 100:02}{n:06}" for n in range(1, len(family) + 1)]
    yield Batch(
        "guardians",
        {
            "guardian_id": ids,
            "guardian_number": lists(numbers),
            "first_name": np.where(
                is_mother, rng.choice(GIRLS, len(family)), rng.choice(BOYS, len(family))
            ).astype(object),
            "last_name": np.where(
                keeps_name, people.last_names[since][family], rng.choice(FAMILIES, len(family))
            ),
            "email": lists([f"{number.lower()}@family.example" for number in numbers]),
            "phone": lists([f"+1 312 555 01{n:02}" for n in rng.integers(0, 100, len(family))]),
            "preferred_language": lists([spoken[0] for spoken in people.languages[since][family]]),
            "known_at": known,
        },
    )
    yield _guardianships(here, ids, family, since, is_second, is_mother)


def _guardianships(  # noqa: PLR0913, PLR0917 - what ties them
    here: AreaInYear, ids: Array, family: Array, since: Array, is_second: Array, is_mother: Array
) -> Batch:
    members, people = here.roster.members, here.roster.people
    new = members.person[members.is_new]
    place = np.searchsorted(since, people.family[new])
    first = np.searchsorted(family, place)
    count = np.searchsorted(family, place, side="right") - first
    child = np.arange(len(new)).repeat(count)
    turn = np.arange(len(child)) - (np.cumsum(count) - count).repeat(count)
    guardian = first[child] + turn
    apart = here.rng("custody").random(len(family)) < 0.25
    return Batch(
        "student_guardians",
        {
            "student_id": people.ids[new[child]],
            "guardian_id": ids[guardian],
            "relation": words_of(["mother" if mother else "father" for mother in is_mother[guardian]]),
            "contact_order": 1 + is_second[guardian].astype(int),
            "lives_with": ~(apart & is_second)[guardian],
            "may_see_records": here.rng("records").random(len(child)) >= 0.01,
            "known_at": instants(members.entry_on[members.is_new][child], _MORNING + 10),
        },
    )


def programs(here: AreaInYear) -> Iterator[Batch]:
    """Yield the programs that those who are new are in; some learn enough English to leave theirs."""
    rng, members, people = here.rng("programs"), here.roster.members, here.roster.people
    new = np.flatnonzero(members.is_new)
    who = members.person[new]
    is_poor = people.economic_status[who] == "disadvantaged"
    free = rng.random(len(new)) < _FREE_LUNCH
    is_special = people.is_special_education[who]
    taking = {
        ProgramType.IEP: is_special,
        ProgramType.SECTION_504: ~is_special & (rng.random(len(new)) < 0.035),
        ProgramType.ENGLISH_LEARNER: people.is_english_learner[who],
        ProgramType.FREE_LUNCH: is_poor & free,
        ProgramType.REDUCED_LUNCH: is_poor & ~free,
        ProgramType.GIFTED: people.learning[who] < np.quantile(people.learning, 0.07),
        ProgramType.TITLE_I: is_poor & (members.school[new] == ELEMENTARY_SCHOOLS - 1),
        ProgramType.HOMELESS: is_poor & (rng.random(len(new)) < 0.03),
        ProgramType.MILITARY_FAMILY: rng.random(len(new)) < 0.02,
    }
    for kind, takes in taking.items():
        rows = new[takes]
        if len(rows):
            yield _program(here, kind, rows)


def _program(here: AreaInYear, kind: ProgramType, rows: Array) -> Batch:
    begins = here.roster.members.entry_on[rows]
    batch: Columns = {
        "student_id": here.student_ids(rows),
        "program_type": same(len(rows), kind.value),
        "begins_on": begins,
        "known_at": instants(begins, 11 * 60),
    }
    if kind is not ProgramType.ENGLISH_LEARNER:
        return Batch("student_programs", batch)
    ends = day_of(here.year.terms[1].starts_on)
    leaves = (here.rng("english").random(len(rows)) < _ENDS_ENGLISH) & (begins < ends)
    over = {
        "ends_on": np.full(int(leaves.sum()), ends),
        "known_at": instants(np.full(int(leaves.sum()), ends), 9 * 60),
    }
    key = pick({name: batch[name] for name in ("student_id", "program_type", "begins_on")}, leaves)
    return Batch("student_programs", batch, (Correction(key, over),))
