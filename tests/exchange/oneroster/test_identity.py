"""One person is one student, whatever accounts the source gives them; nothing is guessed."""

import pytest

from exchange.oneroster.bundles import District, Drop
from rollbook.exchange.oneroster.dialects import V11
from rollbook.exchange.oneroster.tables import TABLES
from rollbook.intake.refusals import ImportRefused

# Column by column as 1.0 wrote them, which is not as 1.2 does.
FILES_10 = {
    "orgs.csv": """\
sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId
o,,,Oak High,school,1,
""",
    "users.csv": """\
sourcedId,status,dateLastModified,orgSourcedIds,role,username,userId,givenName,familyName,identifier,agents
u,,,o,student,ada,77,Ada,Byron,1001,
""",
    "academicSessions.csv": """\
sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId
s,,,Fall,semester,2025-08-18,2025-12-19,
""",
    "courses.csv": """\
sourcedId,status,dateLastModified,schoolYearId,metadata.duration,title,courseCode,grade,orgSourcedId,subjects
c,,,,1,Art,,09,o,
""",
    "classes.csv": """\
sourcedId,status,dateLastModified,title,grade,courseSourcedId,classType,schoolSourcedId,termSourcedId,subjects
k,,,Art,09,c,scheduled,o,s,
""",
    "enrollments.csv": """\
sourcedId,classSourcedId,schoolSourcedId,userSourcedId,role,status,dateLastModified,primary
e,k,o,u,student,,,
""",
}


def second_account(drop: Drop, **values: str) -> Drop:
    """Give the student u1 another account, that of the school where they were before."""
    named = {"username": "ada2", "givenName": "Ada", "familyName": "Byron"}
    drop.add("users", sourcedId="u1-elm", enabledUser="true", **(named | values))
    role = {"userSourcedId": "u1-elm", "roleType": "primary", "role": "student", "orgSourcedId": "oak"}
    return drop.add("roles", sourcedId="r9", beginDate="2024-08-18", endDate="2025-06-01", **role)


@pytest.mark.parametrize(
    "mark", [{"identifier": "1001"}, {"userMasterIdentifier": "M-1"}, {"userIds": "{sis:7},{ldap:ada}"}]
)
def test_two_accounts_with_a_mark_in_common_are_one_student(
    district: District, drop: Drop, mark: dict[str, str]
) -> None:
    district.bring(second_account(drop, **mark))

    assert district.rows("SELECT count(*) FROM students") == [(4,)]
    assert district.rows(
        "SELECT school_code FROM student_school_enrollments JOIN students USING (tenant_id, student_id)"
        " JOIN schools USING (tenant_id, school_id) WHERE student_number = '1001' ORDER BY entry_on"
    ) == [("OAK-1",), ("ELM-1",)]


def test_a_name_alone_says_nothing(district: District, drop: Drop) -> None:
    district.bring(second_account(drop, identifier="7777"))

    assert district.rows("SELECT student_number FROM students WHERE last_name = 'Byron' ORDER BY 1") == [
        ("1001",),
        ("7777",),
    ]


def test_one_number_for_two_people_is_a_conflict(district: District, drop: Drop) -> None:
    second_account(drop, identifier="1001").change("users", "u1-elm", givenName="Zoe", familyName="Zeta")

    outcome = district.bring(drop, max_rejects=50)

    reasons = {(one.file, one.line, one.reason) for one in outcome.rejects if one.file == "users.csv"}
    why = "is shared with another user of another name or birth date [identity.conflict]"
    assert reasons == {("users.csv", 2, why), ("users.csv", 10, why)}


def test_a_number_that_is_anothers_with_us_is_a_conflict(district: District, drop: Drop) -> None:
    district.bring(drop)
    drop.change("users", "u1", sourcedId="new").change(
        "demographics", "u1", sourcedId="new", birthDate="2009-01-01"
    )
    drop.only("users", "demographics", "orgs").drop("demographics", "u2")
    drop.tables["users"] = [row for row in drop.tables["users"] if row["sourcedId"] == "new"]
    drop.row("users", "new").pop("agentSourcedIds")
    drop.add(
        "roles", sourcedId="rn", userSourcedId="new", roleType="primary", role="student", orgSourcedId="elm"
    )

    with pytest.raises(ImportRefused) as refusal:
        district.bring(drop.delta())

    assert any("identity.conflict" in one.reason for one in refusal.value.outcome.rejects)


def test_another_system_means_the_same_student_by_number(district: District, drop: Drop) -> None:
    district.bring(drop)
    for row in drop.tables["users"]:
        row["email"] = ""

    outcome = district.bring(drop, source="other")

    assert outcome.rejected == 0
    assert district.rows("SELECT count(*) FROM students") == [(4,)]
    assert district.rows(
        "SELECT count(DISTINCT entity_id) FROM source_records WHERE entity_type = 'students'"
    ) == [(4,)]


def test_a_student_may_become_a_teacher(district: District, drop: Drop) -> None:
    district.bring(drop)
    drop.drop("roles", "r1").drop("enrollments", "e1").drop("results", "x1", "x3")
    drop.drop("resultLearningObjectiveIds", "ro").drop("resultScoreScales", "rs").drop("userResources", "ur")
    drop.add("roles", sourcedId="ra", userSourcedId="u1", roleType="primary", role="aide", orgSourcedId="elm")

    district.bring(drop)

    assert district.rows("SELECT staff_number FROM staff WHERE last_name = 'Byron'") == [("1001",)]
    assert district.rows("SELECT count(*) FROM students") == [(4,)]


def test_roles_of_1_1_are_made_of_users(district: District, drop: Drop) -> None:
    drop.version, drop.manifest = "1.1", {}
    drop.only("orgs", "academicSessions", "courses", "classes", "users", "enrollments", "demographics")
    roles = {"t1": "teacher", "c1": "administrator", "m1": "parent", "x1": "parent"}
    for row in drop.tables["users"]:
        row["role"] = roles.get(row["sourcedId"], "student")
        row["orgSourcedIds"] = {"u1": "elm", "t1": "oak,elm", "c1": "d"}.get(row["sourcedId"], "oak")
    drop.headers["users"] = V11.header(TABLES["users"])

    outcome = district.bring(drop)

    assert outcome.format == "oneroster 1.1"
    assert district.rows(
        "SELECT staff_number, staff_role::text, school_code FROM staff_assignments JOIN staff USING "
        "(tenant_id, staff_id)"
        " LEFT JOIN schools ON schools.school_id = staff_assignments.school_id ORDER BY 1, 3"
    ) == [("5001", "teacher", "ELM-1"), ("5001", "teacher", "OAK-1"), ("5002", "districtAdministrator", None)]
    assert district.rows("SELECT count(*) FROM student_school_enrollments") == [(4,)]


def test_1_0_has_no_manifest(district: District, drop: Drop) -> None:
    drop.raw = {"manifest.csv": b"", **{name: text.encode() for name, text in FILES_10.items()}}
    drop.tables = {}

    outcome = district.bring(drop)

    assert (outcome.format, outcome.rejected) == ("oneroster 1.0", 0)
    assert district.rows("SELECT student_number, first_name FROM students") == [("1001", "Ada")]
    assert district.rows("SELECT school_year FROM academic_sessions") == [(2026,)]
