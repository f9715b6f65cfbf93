"""A record as a document that people read: parts with headings, tables, plain words for codes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from rollbook.privacy.record import CompleteRecord, Rows, Section
from rollbook.privacy.titles import PARTS, WORDS, column_word

# Letters that a line of a table holds
_LINE: Final = 100
# Of no use to a reader: whose record it is stands above, an import is a number, writing a row is no fact.
_LEFT_OUT: Final = frozenset({"student_id", "import_id", "created_at", "transaction_id", "request_id"})
_SHARES: Final = frozenset({"risk_score", "confidence"})
_COMMANDS: Final = {"INSERT": "Added", "UPDATE": "Changed", "DELETE": "Taken away"}
_ORDERED_LAST: Final = ("known_at", "superseded_at")
_WHAT_IT_IS: Final = (
    "This is everything that the district's Rollbook has about the student: what stands now, earlier"
    " versions of it, and who was shown it. A day or time is that of the district."
)
_RIGHTS: Final = (
    "If something is inaccurate or misleading you may ask the school to amend it, and if it will not, you"
    " have a right to a hearing and to a statement of your own that stays with the record"
    " (34 CFR 99.20-99.22)."
)
_NONE: Final = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows under headings; where a line is too long for that, ``is_cards``: a block for each row."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    is_cards: bool


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the document."""

    title: str
    says: str
    grids: Sequence[Grid]


@dataclass(frozen=True, slots=True)
class Document:
    """What the template sets; every text is ready to be shown."""

    title: str
    facts: Sequence[tuple[str, str]]
    says: Sequence[str]
    withheld: Sequence[tuple[str, str]]
    chapters: Sequence[Chapter]
    empty: Sequence[str]
    notes: Sequence[str] = ()


def document_of(record: CompleteRecord) -> Document:
    """Put a record in the words and the order of a document."""
    teller = _Teller(record.names, ZoneInfo(record.tenant["time_zone"]))
    told = [
        (name, section) for name, section in record.sections.items() if section.rows or section.superseded
    ]
    chapters = [_chapter(teller, section) for name, section in told if not PARTS[name].is_derived]
    if record.writes:
        chapters.append(_of_writes(teller, record.writes))
    return Document(
        title=f"Education record of {record.student['name']}",
        facts=_facts(record, teller),
        says=_says(record),
        withheld=[(one.what, one.why) for one in record.withheld],
        chapters=chapters,
        empty=[s.title for s in record.sections.values() if not (s.rows or s.superseded)],
    )


def _facts(record: CompleteRecord, teller: "_Teller") -> list[tuple[str, str]]:
    facts = [
        ("Student", f"{record.student['name']}, number {record.student['student_number']}"),
        ("District", record.tenant["name"]),
        ("Made on", teller.text("made_at", record.made_at)),
        ("Handed to", record.handed["to"]),
        ("What for", record.handed["because"]),
        ("By right of", record.handed["by_right"]),
    ]
    return [(name, value) for name, value in facts if value]


def _says(record: CompleteRecord) -> list[str]:
    derived = [PARTS[name].title for name, s in record.sections.items() if PARTS[name].is_derived and s.rows]
    said = [_WHAT_IT_IS, _RIGHTS]
    if derived:
        said.append(f"Only counted from other parts, and in the record's JSON: {', '.join(derived)}.")
    return said


def _chapter(teller: "_Teller", section: Section) -> Chapter:
    grids = []
    if section.rows:
        grids.append(_grid(teller, "", section.rows))
    if section.superseded:
        grids.append(_grid(teller, f"{section.title}: earlier versions", section.superseded))
    return Chapter(section.title, section.says, grids)


def _of_writes(teller: "_Teller", writes: Rows) -> Chapter:
    rows = [
        {
            "at": write["at"],
            "written_by": write["who"],
            "how": write["purpose"],
            "part": PARTS[write["table_name"]].title if write["table_name"] in PARTS else write["table_name"],
            "done": _COMMANDS.get(write["command"], write["command"]),
            "fields": ", ".join(
                column_word(name)
                for name in sorted(write["change"].get("new") or {})
                if name not in _LEFT_OUT
            ),
        }
        for write in writes
    ]
    says = "Who added, changed or took away something of this record, as far as it was done for few students."
    return Chapter("Who wrote this record", says, [_grid(teller, "", rows)])


def _grid(teller: "_Teller", caption: str, rows: Rows) -> Grid:
    names = list(_columns(rows, teller))
    cells = [[teller.text(name, row[name]) for name in names] for row in rows]
    words = [column_word(name) for name in names]
    return Grid(caption, words, cells, is_cards=_width(words, cells) > _LINE)


def _width(words: Sequence[str], cells: Sequence[Sequence[str]]) -> int:
    """Return the letters that a line has at most; a heading may be broken between its words."""
    longest = [max(map(len, word.split())) for word in words]
    return sum(2 + max(least, *(len(row[place]) for row in cells)) for place, least in enumerate(longest))


def _columns(rows: Rows, teller: "_Teller") -> Iterator[str]:
    """Yield the columns that say something: not ids without a name, and not what no row has."""
    names = [name for name in rows[0] if name not in _LEFT_OUT and name not in _ORDERED_LAST]
    for name in (*names, *(last for last in _ORDERED_LAST if last in rows[0])):
        values = [row[name] for row in rows]
        if all(value is None or value in ([], {}, "") for value in values):
            continue
        if any(not isinstance(value, UUID) or teller.knows(value) for value in values if value is not None):
            yield name


@dataclass(frozen=True, slots=True)
class _Teller:
    """Says values in plain words."""

    names: Mapping[str, str]
    zone: ZoneInfo

    def knows(self, value: UUID) -> bool:
        return str(value) in self.names

    def text(self, column: str, value: object) -> str:
        """Return the value as people write it."""
        coded = WORDS.get(column, {}).get(str(value).lower() if isinstance(value, bool) else str(value))
        if coded is not None:
            return coded
        if column in _SHARES and isinstance(value, float):
            return f"{value:.0%}"
        return self.plain(value)

    def plain(self, value: object) -> str:
        """Return a value of any column as people write it."""
        if value is None or value in ("", [], {}):
            return _NONE
        if isinstance(value, list):
            return "; ".join(self.element(one) for one in value)
        if isinstance(value, dict):
            return "; ".join(f"{column_word(str(k))}: {self.plain(v)}" for k, v in value.items())
        return self.single(value)

    def single(self, value: object) -> str:
        """Return what is neither a list nor has fields."""
        match value:
            case bool():
                return "Yes" if value else "No"
            case datetime():
                return f"{value.astimezone(self.zone):%-d %b %Y, %H:%M}"
            case date():
                return f"{value:%-d %b %Y}"
            case UUID():
                return self.names.get(str(value), "")
            case float() | Decimal():
                return f"{value:.4f}".rstrip("0").rstrip(".")
        return _spoken(str(value))

    def element(self, value: object) -> str:
        """Return one of a list; of a reason, its sentence and what helps."""
        if isinstance(value, dict) and "description" in value:
            helps = value.get("recommendation")
            return f"{value['description']}." + (f" What helps: {helps}" if helps else "")
        return self.plain(value)


def _spoken(text: str) -> str:
    """Return a code such as ``tutor_marked`` as words; other text as it is."""
    is_code = text.isascii() and text.islower() and "_" in text and text.replace("_", "").isalpha()
    return text.replace("_", " ").capitalize() if is_code else text
