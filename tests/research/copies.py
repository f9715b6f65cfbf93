"""A research copy as its reader has it: files, and nothing of the database."""

import csv
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from rollbook.core.encryption import Column
from rollbook.research.models import ResearchProject

QUASI = (
    *("school", "grade", "gender", "race", "english_learner", "special_education"),
    *("economic_status", "language", "absence"),
)
Row = dict[str, str]


def rows(folder: Path, name: str) -> list[Row]:
    """Read a file of the copy."""
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def days_by(found: list[Row], column: str) -> dict[str, list[date]]:
    """Return the days of each pseudonym, in order."""
    days: defaultdict[str, list[date]] = defaultdict(list)
    for row in found:
        if row[column]:
            days[row["pseudonym"]].append(date.fromisoformat(row[column]))
    return {name: sorted(found) for name, found in days.items()}


def shape(days: list[date]) -> tuple[int, ...]:
    """Return what a shift by whole weeks leaves of days: the first one's weekday, and the gaps."""
    return (days[0].isoweekday(), *((day - days[0]).days for day in days)) if days else ()


def classes(folder: Path) -> dict[tuple[object, ...], list[Row]]:
    """Group students by all that a file tells of what others may know: quasi-identifiers, and every date."""
    entries: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows(folder, "school_enrollments"):
        entries[row["pseudonym"]] += [row["entry_on"], row["exit_on"]]
    absent = days_by(rows(folder, "absences"), "missed_on")
    incidents = days_by(rows(folder, "incidents"), "incident_on")
    grouped: defaultdict[tuple[object, ...], list[Row]] = defaultdict(list)
    for student in rows(folder, "students"):
        name = student["pseudonym"]
        stay = [date.fromisoformat(day) for day in entries[name] if day]
        every = sorted([*stay, *absent.get(name, []), *incidents.get(name, [])])
        kinds = Counter(
            {
                "stays": len(entries[name]),
                "absent": len(absent.get(name, [])),
                "in": len(incidents.get(name, [])),
            }
        )
        known = tuple(student[column] for column in QUASI)
        grouped[*known, student["dates_given"], shape(every), tuple(sorted(kinds.items()))].append(student)
    return grouped


def secret_of(db: Session, project: str) -> bytes:
    """Return what makes a project's pseudonyms, as who has the key ring reads it."""
    kept = db.scalars(select(ResearchProject).where(ResearchProject.name == project)).one()
    opened = Column(kept.tenant_id, "research_projects", "secret").open(kept.project_id, kept.secret)
    return bytes.fromhex(opened or "")
