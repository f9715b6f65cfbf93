"""How OneRoster 1.1 and 1.0 differ from 1.2: which files there are, and what their columns are called.

Whatever a bundle's version, its rows are staged in the shape of 1.2. The roles of 1.1, which stand in
users.csv, become rows of roles there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from rollbook.exchange.oneroster.shapes import MODIFIED, SOURCED_ID, STATUS, Table
from rollbook.exchange.oneroster.tables import TABLES

_OLD_TABLES: Final = (
    "academicSessions",
    "orgs",
    "courses",
    "classes",
    "users",
    "enrollments",
    "demographics",
    "resources",
    "classResources",
    "courseResources",
    "categories",
    "lineItems",
    "results",
)
_USERS_11: Final = (
    "enabledUser",
    "orgSourcedIds",
    "role",
    "username",
    "userIds",
    "givenName",
    "familyName",
    "middleName",
    "identifier",
    "email",
    "sms",
    "phone",
    "agentSourcedIds",
    "grades",
    "password",
)
_LINE_ITEMS_11: Final = (
    "title",
    "description",
    "assignDate",
    "dueDate",
    "classSourcedId",
    "categorySourcedId",
    "gradingPeriodSourcedId",
    "resultValueMin",
    "resultValueMax",
)
_RESULTS_11: Final = ("lineItemSourcedId", "studentSourcedId", "scoreStatus", "score", "scoreDate", "comment")


@dataclass(frozen=True, slots=True)
class Dialect:
    """A version of OneRoster: its files, its headers where they differ, and what its columns are called."""

    version: str
    tables: Sequence[str]
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The columns of a file, after the first three, where they are not those of 1.2."""
    renames: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What 1.2 calls the columns of a file."""
    has_fixed_order: bool = True
    has_roles: bool = True

    def header(self, table: Table) -> Sequence[str]:
        """Return the header that the version gives ``table``, by its own names."""
        own = self.columns.get(table.name)
        return table.header if own is None else [SOURCED_ID, STATUS, MODIFIED, *own]

    def names(self, table: Table) -> Mapping[str, str]:
        """Return the columns of ``table`` by the version's names, and what they are called in the stage."""
        renamed = self.renames.get(table.name, {})
        return {name: renamed.get(name, name) for name in self.header(table)}


V12: Final = Dialect("1.2", tuple(TABLES))
V11: Final = Dialect(
    "1.1",
    _OLD_TABLES,
    columns={"users": _USERS_11, "lineItems": _LINE_ITEMS_11, "results": _RESULTS_11},
    renames={"lineItems": {"gradingPeriodSourcedId": "academicSessionSourcedId"}},
    has_roles=False,
)
V10: Final = Dialect(
    "1.0",
    ("academicSessions", "orgs", "courses", "classes", "users", "enrollments", "demographics"),
    columns={
        "academicSessions": ("title", "type", "startDate", "endDate", "parentSourcedId"),
        "courses": ("schoolYearId", "title", "courseCode", "grade", "orgSourcedId", "subjects"),
        "classes": (
            *("title", "grade", "courseSourcedId", "classCode", "classType", "location"),
            *("schoolSourcedId", "termSourcedId", "subjects"),
        ),
        "users": (
            *("orgSourcedIds", "role", "username", "userId", "givenName", "familyName"),
            *("identifier", "email", "sms", "phone", "agents"),
        ),
        "enrollments": ("classSourcedId", "schoolSourcedId", "userSourcedId", "role", "primary"),
    },
    renames={
        "courses": {"schoolYearId": "schoolYearSourcedId", "grade": "grades"},
        "classes": {"grade": "grades", "termSourcedId": "termSourcedIds"},
        "users": {"userId": "userIds", "agents": "agentSourcedIds"},
        "demographics": {"userSourcedId": SOURCED_ID, "birthdate": "birthDate"},
    },
    has_fixed_order=False,
    has_roles=False,
)
DIALECTS: Final = {dialect.version: dialect for dialect in (V12, V11, V10)}

# Headers seen in the field that are no version's.
MISSPELT: Final = {
    "datalastmodified": MODIFIED,
    "prefferedgivenname": "preferredGivenName",
    "prefferedmiddlename": "preferredMiddleName",
    "prefferedfamilyname": "preferredFamilyName",
    "preferredfirstname": "preferredGivenName",
    "preferredlastname": "preferredFamilyName",
    "birthdate": "birthDate",
    "classsourceid": "classSourcedId",
    "usersourceid": "userSourcedId",
    "schoolsourceid": "schoolSourcedId",
    "sourceid": SOURCED_ID,
}
