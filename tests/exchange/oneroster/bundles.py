"""A small OneRoster bundle, to be changed row by row, and a tenant to import it into."""

import csv
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

from places import OwnTenant
from rollbook.exchange.oneroster.bundle import OneRoster
from rollbook.exchange.oneroster.export import Exported, export_oneroster
from rollbook.exchange.oneroster.tables import MANIFEST_ORDER, TABLES
from rollbook.intake.outcome import Outcome
from rollbook.intake.pipeline import Request, run_import

Row = dict[str, str]
Tables = dict[str, list[Row]]


def _rows(*rows: str, columns: str) -> list[Row]:
    """Read rows written as "a|b|c"; an empty place is no value."""
    names = columns.split()
    return [{name: value for name, value in zip(names, row.split("|"), strict=True) if value} for row in rows]


def small() -> Tables:
    """A district of two schools, four students, a teacher, a counselor and a mother; one has changed"
    " schools."""
    return {
        "orgs": _rows(
            "d|Oak Valley|district||",
            "oak|Oak Elementary School|school|OAK-1|d",
            "elm|Elm High School|school|ELM-1|d",
            columns="sourcedId name type identifier parentSourcedId",
        ),
        "academicSessions": _rows(
            "y|2025-2026|schoolYear|2025-08-18|2027-06-12||2026",
            "s1|Fall|semester|2025-08-18|2025-12-19|y|2026",
            "s2|Spring|semester|2026-01-05|2027-06-12|y|2026",
            columns="sourcedId title type startDate endDate parentSourcedId schoolYear",
        ),
        "courses": _rows(
            "alg|y|Algebra I|ALG1|09,10|elm|Math|02052",
            "art|y|Art||03,04,05|d|Art,Crafts|",
            columns="sourcedId schoolYearSourcedId title courseCode grades orgSourcedId subjects"
            " subjectCodes",
        ),
        "classes": _rows(
            "alg-1|Algebra I, first|09|alg|A1|scheduled|Room 1|elm|s1,s2|Math|02052|1,3",
            "art-1|Art|04|art||homeroom||oak|s1|||",
            columns="sourcedId title grades courseSourcedId classCode classType location schoolSourcedId"
            " termSourcedIds subjects subjectCodes periods",
        ),
        "users": _users(),
        "roles": _rows(
            "r1|u1|primary|student|2025-08-18||elm|",
            "r2|u2|primary|student|2025-08-18||oak|",
            "r3|u3|primary|student|||oak|",
            "r4a|u4|primary|student|2025-08-18|2025-11-01|oak|",
            "r4b|u4|primary|student|2025-11-01||elm|",
            "rt|t1|primary|teacher|2025-08-01||elm|p1",
            "rt2|t1|secondary|aide|||oak|",
            "rc|c1|primary|counselor|||d|",
            "rm|m1|primary|parent|||oak|",
            columns="sourcedId userSourcedId roleType role beginDate endDate orgSourcedId"
            " userProfileSourcedId",
        ),
        "enrollments": _rows(
            "e1|alg-1|elm|u1|student||2025-08-20|",
            "e2|art-1|oak|u2|student||2025-08-20|",
            "e3|art-1|oak|u3|student|||",
            "e4|alg-1|elm|u4|student||2025-11-01|2026-02-01",
            "et|alg-1|elm|t1|teacher|true||",
            "et2|art-1|oak|t1|teacher|false|2025-08-18|2025-10-01",
            columns="sourcedId classSourcedId schoolSourcedId userSourcedId role primary beginDate endDate",
        ),
        "demographics": [
            {"sourcedId": "u1", "birthDate": "2011-05-30", "sex": "female", **_races("asian")},
            {
                "sourcedId": "u2",
                "birthDate": "2015-01-02",
                "sex": "male",
                "asian": "true",
                "cityOfBirth": "Ames",
            },
        ],
        "userProfiles": _rows(
            "p1|t1|platform|vendor|username|grace",
            columns="sourcedId userSourcedId profileType vendorId credentialType username",
        ),
        "categories": _rows("quiz|Quizzes|20", "hw|Homework|", columns="sourcedId title weight"),
        "lineItems": _rows(
            "li1|Unit 1|Fractions|2025-09-01|2025-09-08|alg-1|quiz|s1|0|50|elm",
            "li2|Page 3||2025-09-01|2025-09-09|alg-1|hw|s1|||elm",
            columns="sourcedId title description assignDate dueDate classSourcedId categorySourcedId"
            " academicSessionSourcedId resultValueMin resultValueMax schoolSourcedId",
        ),
        "results": _rows(
            "x1|li1|u1|fully graded|47.5|2025-09-10|Well done|A|alg-1|false|false|false|false",
            "x2|li1|u4|exempt||2025-09-10||||||true|",
            "x3|li2|u1|partially graded|80|2025-09-11|||alg-1|true|||true",
            columns="sourcedId lineItemSourcedId studentSourcedId scoreStatus score scoreDate comment"
            " textScore classSourcedId inProgress incomplete late missing",
        ),
        "scoreScales": _rows(
            "sc|Letters|letter|elm|alg|alg-1|{A:90},{B:80}",
            columns="sourcedId title type orgSourcedId courseSourcedId classSourcedId scoreScaleValue",
        ),
        "lineItemLearningObjectiveIds": _rows(
            "lo|li1|unknown|fractions", columns="sourcedId lineItemSourcedId source learningObjectiveId"
        ),
        "lineItemScoreScales": _rows("ls|li1|sc", columns="sourcedId lineItemSourcedId scoreScaleSourcedId"),
        "resultLearningObjectiveIds": _rows(
            "ro|x1|unknown|fractions|1", columns="sourcedId resultSourcedId source learningObjectiveId score"
        ),
        "resultScoreScales": _rows("rs|x1|sc", columns="sourcedId resultSourcedId scoreScaleSourcedId"),
        "resources": _rows(
            "book|B-1|Algebra|student,teacher|primary",
            columns="sourcedId vendorResourceId title roles importance",
        ),
        "classResources": _rows("cr|alg-1|book", columns="sourcedId classSourcedId resourceSourcedId"),
        "courseResources": _rows("or|alg|book", columns="sourcedId courseSourcedId resourceSourcedId"),
        "userResources": _rows(
            "ur|u1|alg-1|book", columns="sourcedId userSourcedId classSourcedId resourceSourcedId"
        ),
    }


def _users() -> list[Row]:
    enabled = {"enabledUser": "true"}
    return [
        enabled
        | {
            "sourcedId": "u1",
            "username": "ada",
            "userIds": "{ldap:ada}",
            "givenName": "Ada",
            "familyName": "Byron",
            "identifier": "1001",
            "email": "ada@oak.example",
            "phone": "555-1",
            "agentSourcedIds": "m1",
            "grades": "09",
            "userMasterIdentifier": "M-1",
            "pronouns": "she/her",
            "primaryOrgSourcedId": "elm",
            "password": "secret",
        },
        enabled
        | {
            "sourcedId": "u2",
            "username": "ben",
            "givenName": "Ben",
            "familyName": "Ng",
            "middleName": "Q",
            "identifier": "1002",
            "agentSourcedIds": "m1,x1",
            "grades": "04",
            "primaryOrgSourcedId": "oak",
        },
        _user("u3", "Cyd Ray", "1003", enabledUser="false", grades="KG"),
        _user("u4", "Dee Ito", "1004", grades="9"),
        _user("t1", "Grace Hopper", "5001", middleName="B", email="grace@elm.example"),
        _user("c1", "Joan Clarke", "5002"),
        _user("m1", "Anne Byron", "9001", email="anne@home.example", sms="555-9", phone="555-8"),
        _user("x1", "Gus Test", ""),
    ]


def _user(sourced_id: str, name: str, identifier: str, **more: str) -> Row:
    given, _, family = name.partition(" ")
    row = {
        "sourcedId": sourced_id,
        "enabledUser": "true",
        "username": given.lower(),
        "identifier": identifier,
    }
    return {**row, "givenName": given, "familyName": family, **more}


def _races(*true: str) -> Row:
    every = (
        "americanIndianOrAlaskaNative asian blackOrAfricanAmerican nativeHawaiianOrOtherPacificIslander white"
        " demographicRaceTwoOrMoreRaces hispanicOrLatinoEthnicity"
    )
    return {race: str(race in true).lower() for race in every.split()}


@dataclass
class Drop:
    """A bundle to be written to ``path``; without another word it is fine."""

    path: Path
    tables: Tables = field(default_factory=small)
    mode: str = "bulk"
    version: str = "1.2"
    manifest: dict[str, str] = field(default_factory=dict)
    raw: dict[str, bytes] = field(default_factory=dict)
    headers: dict[str, Sequence[str]] = field(default_factory=dict)
    folder: str = ""

    def row(self, table: str, sourced_id: str) -> Row:
        return next(row for row in self.tables[table] if row["sourcedId"] == sourced_id)

    def change(self, table: str, sourced_id: str, **values: str) -> "Drop":
        self.row(table, sourced_id).update(values)
        return self

    def add(self, table: str, **values: str) -> "Drop":
        self.tables.setdefault(table, []).append(values)
        return self

    def drop(self, table: str, *sourced_ids: str) -> "Drop":
        self.tables[table] = [row for row in self.tables[table] if row["sourcedId"] not in sourced_ids]
        return self

    def only(self, *tables: str) -> "Drop":
        self.tables = {name: rows for name, rows in self.tables.items() if name in tables}
        return self

    def delta(self, at: str = "2025-10-01T12:00:00.000Z") -> "Drop":
        self.mode = "delta"
        for rows in self.tables.values():
            for row in rows:
                row.setdefault("status", "active")
                row.setdefault("dateLastModified", at)
        return self

    def write(self) -> Path:
        with zipfile.ZipFile(self.path, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, content in self._files().items():
                packed.writestr(self.folder + name, content)
        return self.path

    def _files(self) -> Mapping[str, bytes]:
        properties = {
            "manifest.version": "1.0",
            "oneroster.version": self.version,
            **{f"file.{name}": self.mode if self.tables.get(name) else "absent" for name in MANIFEST_ORDER},
            **self.manifest,
        }
        listed = _csv([["propertyName", "value"], *properties.items()])
        tables = {f"{name}.csv": self._table(name) for name, rows in self.tables.items() if rows}
        return {
            name: content
            for name, content in ({"manifest.csv": listed} | tables | self.raw).items()
            if content
        }

    def _table(self, name: str) -> bytes:
        header = list(self.headers.get(name, TABLES[name].header))
        known = {column for row in self.tables[name] for column in row}
        header += sorted(column for column in known if column.startswith("metadata."))
        return _csv([header, *([row.get(column, "") for column in header] for row in self.tables[name])])


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    text = StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


@dataclass(frozen=True)
class District(OwnTenant):
    """A tenant of the test's own."""

    url: str
    slug: str = "oak-valley"

    def bring(self, drop: Drop | Path, **options: Any) -> Outcome:  # noqa: ANN401 -- as Request's
        path = drop.write() if isinstance(drop, Drop) else drop
        given = {"tenant": self.slug, "source": "sis", "who": "ada", "new_tenant": True, **options}
        return run_import(self.url, path, OneRoster(), Request(**given))

    def export(self, path: Path, *, since: datetime | None = None, source: str | None = None) -> Exported:
        return export_oneroster(
            self.url, path, tenant_slug=self.slug, since=since, source=source, overwrite=True
        )


def read(path: Path) -> dict[str, list[Row]]:
    """Return the rows of a written bundle by file; columns without a value left out."""
    with zipfile.ZipFile(path) as packed:
        texts = {name: packed.read(name).decode() for name in packed.namelist()}
    return {
        name.removesuffix(".csv"): [
            {column: value for column, value in row.items() if value}
            for row in csv.DictReader(StringIO(content, newline=""))
        ]
        for name, content in texts.items()
    }


def written(outcome: Outcome) -> dict[str, tuple[int, int, int, int]]:
    """Return what was written to each table that was: new, changed, closed, deleted."""
    return {
        table: (counts.new, counts.changed, counts.closed, counts.deleted)
        for table, counts in outcome.counts.items()
        if counts.is_written
    }
