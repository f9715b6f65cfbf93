"""The 21 tables of OneRoster 1.2, column by column in the order of the files: for import, export and checks.

Every file begins with sourcedId, status and dateLastModified; here stand the columns that follow.
"""

from collections.abc import Mapping
from typing import Final

from rollbook.exchange.oneroster import cells
from rollbook.exchange.oneroster.cells import DATE, FLAG, INTEGER, LIST, NUMBER, Words
from rollbook.exchange.oneroster.shapes import Table, may, need, refers, words

SESSION_TYPES: Final = ("gradingPeriod", "semester", "schoolYear", "term")
ORG_TYPES: Final = ("department", "school", "district", "local", "state", "national")
STAFF_ROLES: Final = (
    "aide",
    "counselor",
    "districtAdministrator",
    "principal",
    "proctor",
    "siteAdministrator",
    "systemAdministrator",
    "teacher",
)
GUARDIAN_ROLES: Final = ("guardian", "parent", "relative")
SECTION_ROLES: Final = ("administrator", "proctor", "student", "teacher")
RACES: Final = (
    "americanIndianOrAlaskaNative",
    "asian",
    "blackOrAfricanAmerican",
    "nativeHawaiianOrOtherPacificIslander",
    "white",
    "demographicRaceTwoOrMoreRaces",
    "hispanicOrLatinoEthnicity",
)
_IMPORTANCE: Final = Words(("primary", "secondary"), is_open=False)
_OBJECTIVE: Final = (need("source", words("case", "unknown")), need("learningObjectiveId"))
_RESOURCE_ROLES: Final = (
    "administrator|aide|guardian|parent|proctor|relative|student|teacher|" + cells.EXTENSION
)

TABLES: Final[Mapping[str, Table]] = {
    table.name: table
    for table in (
        Table(
            "academicSessions",
            (
                need("title"),
                need("type", words(*SESSION_TYPES)),
                need("startDate", DATE),
                need("endDate", DATE),
                refers("parentSourcedId", "academicSessions", needed=False),
                need("schoolYear", cells.YEAR),
            ),
        ),
        Table(
            "orgs",
            (
                need("name"),
                need("type", words(*ORG_TYPES)),
                may("identifier", cells.NAME),
                refers("parentSourcedId", "orgs", needed=False),
            ),
        ),
        Table(
            "courses",
            (
                refers("schoolYearSourcedId", "academicSessions", needed=False),
                need("title"),
                may("courseCode", cells.NAME),
                may("grades", LIST),
                refers("orgSourcedId", "orgs"),
                may("subjects", LIST),
                may("subjectCodes", LIST),
            ),
        ),
        Table(
            "classes",
            (
                need("title"),
                may("grades", LIST),
                refers("courseSourcedId", "courses"),
                may("classCode", cells.NAME),
                need("classType", words("homeroom", "scheduled")),
                may("location"),
                refers("schoolSourcedId", "orgs"),
                refers("termSourcedIds", "academicSessions"),
                may("subjects", LIST),
                may("subjectCodes", LIST),
                may("periods", LIST),
            ),
        ),
        Table(
            "users",
            (
                need("enabledUser", FLAG),
                need("username"),
                may("userIds", cells.PAIRS),
                need("givenName", cells.NAME),
                need("familyName", cells.NAME),
                may("middleName"),
                may("identifier", cells.NAME),
                may("email"),
                may("sms"),
                may("phone"),
                refers("agentSourcedIds", "users", needed=False),
                may("grades", LIST),
                may("password"),
                may("userMasterIdentifier"),
                may("preferredGivenName"),
                may("preferredMiddleName"),
                may("preferredFamilyName"),
                refers("primaryOrgSourcedId", "orgs", needed=False),
                may("pronouns"),
            ),
        ),
        Table(
            "roles",
            (
                refers("userSourcedId", "users"),
                need("roleType", _IMPORTANCE),
                need("role", words("student", *STAFF_ROLES, *GUARDIAN_ROLES)),
                may("beginDate", DATE),
                may("endDate", DATE),
                refers("orgSourcedId", "orgs"),
                refers("userProfileSourcedId", "userProfiles", needed=False),
            ),
        ),
        Table(
            "enrollments",
            (
                refers("classSourcedId", "classes"),
                refers("schoolSourcedId", "orgs"),
                refers("userSourcedId", "users"),
                need("role", words(*SECTION_ROLES)),
                may("primary", FLAG),
                may("beginDate", DATE),
                may("endDate", DATE),
            ),
        ),
        Table(
            "demographics",
            (
                may("birthDate", DATE),
                may("sex", words("male", "female", "unspecified", "other")),
                *(may(race, FLAG) for race in RACES),
                may("countryOfBirthCode"),
                may("stateOfBirthAbbreviation"),
                may("cityOfBirth"),
                may("publicSchoolResidenceStatus"),
            ),
        ),
        Table(
            "userProfiles",
            (
                refers("userSourcedId", "users"),
                need("profileType"),
                need("vendorId"),
                may("applicationId"),
                may("description"),
                need("credentialType"),
                need("username"),
                may("password"),
            ),
        ),
        Table("categories", (need("title"), may("weight", INTEGER))),
        Table(
            "lineItems",
            (
                need("title"),
                may("description"),
                need("assignDate", DATE),
                need("dueDate", DATE),
                refers("classSourcedId", "classes"),
                refers("categorySourcedId", "categories"),
                refers("academicSessionSourcedId", "academicSessions"),
                may("resultValueMin", NUMBER),
                may("resultValueMax", NUMBER),
                refers("schoolSourcedId", "orgs"),
            ),
        ),
        Table(
            "results",
            (
                refers("lineItemSourcedId", "lineItems"),
                refers("studentSourcedId", "users"),
                need(
                    "scoreStatus",
                    words("exempt", "fully graded", "not submitted", "partially graded", "submitted"),
                ),
                may("score", NUMBER),
                need("scoreDate", DATE),
                may("comment"),
                may("textScore"),
                refers("classSourcedId", "classes", needed=False),
                may("inProgress", FLAG),
                may("incomplete", FLAG),
                may("late", FLAG),
                may("missing", FLAG),
            ),
        ),
        Table(
            "scoreScales",
            (
                need("title"),
                need("type"),
                refers("orgSourcedId", "orgs"),
                refers("courseSourcedId", "courses"),
                refers("classSourcedId", "classes"),
                need("scoreScaleValue", cells.PAIRS),
            ),
        ),
        Table("lineItemLearningObjectiveIds", (refers("lineItemSourcedId", "lineItems"), *_OBJECTIVE)),
        Table(
            "lineItemScoreScales",
            (
                may("title"),
                refers("lineItemSourcedId", "lineItems"),
                refers("scoreScaleSourcedId", "scoreScales"),
            ),
        ),
        Table(
            "resultLearningObjectiveIds",
            (refers("resultSourcedId", "results"), *_OBJECTIVE, may("score", NUMBER), may("textScore")),
        ),
        Table(
            "resultScoreScales",
            (
                may("title"),
                refers("resultSourcedId", "results"),
                refers("scoreScaleSourcedId", "scoreScales"),
            ),
        ),
        Table(
            "resources",
            (
                need("vendorResourceId"),
                may("title"),
                may(
                    "roles",
                    cells.Shape(
                        f"({_RESOURCE_ROLES})(,({_RESOURCE_ROLES}))*",
                        "is not a list of OneRoster's roles [row.invalid_enum]",
                    ),
                ),
                may("importance", _IMPORTANCE),
                may("vendorId"),
                may("applicationId"),
            ),
        ),
        Table(
            "classResources",
            (may("title"), refers("classSourcedId", "classes"), refers("resourceSourcedId", "resources")),
        ),
        Table(
            "courseResources",
            (may("title"), refers("courseSourcedId", "courses"), refers("resourceSourcedId", "resources")),
        ),
        Table(
            "userResources",
            (
                refers("userSourcedId", "users"),
                refers("orgSourcedId", "orgs", needed=False),
                refers("classSourcedId", "classes", needed=False),
                refers("resourceSourcedId", "resources"),
            ),
        ),
    )
}
# As a manifest lists them.
MANIFEST_ORDER: Final = sorted(TABLES, key=str.casefold)
WITHOUT_ROOM: Final = (
    "userProfiles",
    "lineItemLearningObjectiveIds",
    "lineItemScoreScales",
    "resultLearningObjectiveIds",
    "resultScoreScales",
    "resources",
    "classResources",
    "courseResources",
    "userResources",
)
