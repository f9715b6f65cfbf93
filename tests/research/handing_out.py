"""Everything that leaves Rollbook, and whether it is handed to outsiders or is work with the student.

A directory opt-out (34 CFR 99.37) is about outsiders. What is new must be put into one of these lists: the
test beside finds every command and every address from the application itself.
"""

from typing import Final

# Commands whose output is given to people who have nothing to do with the student: the test runs them.
TO_OUTSIDERS: Final = {
    "rollbook privacy deidentify": "a copy for researchers: it has directory information of nobody",
}
# A service that the school itself uses is a school official (99.31(a)(1)(i)(B)): it has the names, which it
# needs, and no way to reach a student whose family forbids that.
TO_SERVICES: Final = {
    "rollbook export oneroster": "for the school's own services, without e-mail and telephone of opt-outs",
}
_DISTRICT: Final = "administers the district's records on its own machine (99.31(a)(1))"
_NO_STUDENT: Final = "names no student"
# Whole nouns, where all commands of one are the same to a student.
WORK: Final = {
    "archive": _DISTRICT,
    "attendance": _DISTRICT,
    "audit": "the district's log of who saw what (99.32)",
    "backup": "sealed copies of the whole, for the district, which opens them with its key",
    "bi-role": _NO_STUDENT,
    "compat": _NO_STUDENT,
    "db": _NO_STUDENT,
    "demo": "made-up students",
    "doctor": _NO_STUDENT,
    "down": _NO_STUDENT,
    "generate": "made-up students",
    "grades": _DISTRICT,
    "health": _NO_STUDENT,
    "import": "takes in, and tells of rejected lines to whom they belong",
    "key": _NO_STUDENT,
    "keys": _NO_STUDENT,
    "logs": "the server's log, on the district's machine",
    "monitor": _NO_STUDENT,
    "pooler": _NO_STUDENT,
    "prod-setup": _NO_STUDENT,
    "provider": _NO_STUDENT,
    "replica": "a second server of the district's own, behind the same walls",
    "risk": _DISTRICT,
    "serve": "its addresses are looked at one by one",
    "status": _NO_STUDENT,
    "student": _DISTRICT,
    "tenants": _NO_STUDENT,
    "up": _NO_STUDENT,
    "user": "who may sign in, and why they see a student",
    "validate": _DISTRICT,
    "worker": _NO_STUDENT,
}
# Of these nouns each command, or group of commands, is judged by itself, since some are made to hand out.
WORK_BY_ITSELF: Final = {
    "rollbook privacy record": "the family's own right (99.10), noted with its reason (99.32)",
    "rollbook privacy erase": "says what was kept of whom, to the district",
    "rollbook privacy readmit": "lets an erased student come back",
    "rollbook privacy hold": "administers the district's holds on erasing",
    "rollbook privacy retention": "says by numbers how long rows are kept, and removes them",
    "rollbook privacy amendment": "the family's right to have a record corrected (99.20)",
    "rollbook privacy audit-table": "reads a file of counts, and no record",
    "rollbook privacy suppress-table": "reads a file of counts, and no record",
}
# Addresses that answer without a sign-in: the test asks each. All others want a viewer, whom row-level
# security shows the students they work with; that is not handing out.
OPEN: Final = {
    "/": "leads to the sign-in",
    "/health": "says that it runs",
    "/ready": "says that the database answers",
    "/metrics": "numbers of requests",
    "/sign-in": "a form",
    "/sign-in/code": "a form",
    "/sign-in/with/{tenant}/{name}": "leads to a provider",
    "/sign-in/with/{tenant}/{name}/back": "leads back from it",
    "/api/v1/openapi.json": "describes the API",
}


def is_judged(command: str) -> bool:
    """Say whether a command stands in exactly one of the lists."""
    noun = command.split()[1]
    groups = (command == one or command.startswith(f"{one} ") for one in WORK_BY_ITSELF)
    return [command in TO_OUTSIDERS, command in TO_SERVICES, any(groups), noun in WORK].count(True) == 1
