"""What a bundle says, and where it stands with us."""

from datetime import date

from exchange.oneroster.bundles import District, Drop


def test_people_and_places(district: District, drop: Drop) -> None:
    district.bring(drop)

    assert district.rows("SELECT school_code, name, school_type::text FROM schools ORDER BY 1") == [
        ("ELM-1", "Elm High School", "high"),
        ("OAK-1", "Oak Elementary School", "elementary"),
    ]
    assert district.rows(
        "SELECT student_number, first_name, last_name, middle_name, grade_level, birth_date, gender,"
        " race_ethnicity"
        " FROM students ORDER BY 1"
    ) == [
        ("1001", "Ada", "Byron", None, 9, date(2011, 5, 30), "female", ["asian"]),
        ("1002", "Ben", "Ng", "Q", 4, date(2015, 1, 2), "male", ["asian"]),
        ("1003", "Cyd", "Ray", None, 0, None, None, None),
        ("1004", "Dee", "Ito", None, 9, None, None, None),
    ]
    assert district.rows(
        "SELECT staff_number, last_name, school_code, staff_role::text, staff_assignments.school_id IS NULL"
        " FROM staff JOIN staff_assignments USING (tenant_id, staff_id)"
        " LEFT JOIN schools ON schools.school_id = staff.school_id ORDER BY 1, 4"
    ) == [
        ("5001", "Hopper", "ELM-1", "aide", False),
        ("5001", "Hopper", "ELM-1", "teacher", False),
        ("5002", "Clarke", None, "counselor", True),
    ]
    assert district.rows(
        "SELECT student_number, guardians.last_name, relation, contact_order FROM student_guardians"
        " JOIN students USING (tenant_id, student_id) JOIN guardians USING (tenant_id, guardian_id) ORDER"
        " BY 1"
    ) == [("1001", "Byron", "parent", 1), ("1002", "Byron", "parent", 1)]


def test_stays_at_schools(district: District, drop: Drop) -> None:
    """Who does not say since when is there since their class began."""
    district.bring(drop)

    assert district.rows(
        "SELECT student_number, school_code, entry_on, exit_on, is_primary, school_year"
        " FROM student_school_enrollments JOIN students USING (tenant_id, student_id)"
        " JOIN schools USING (tenant_id, school_id) ORDER BY 1, 3"
    ) == [
        ("1001", "ELM-1", date(2025, 8, 18), None, True, 2026),
        ("1002", "OAK-1", date(2025, 8, 18), None, True, 2026),
        ("1003", "OAK-1", date(2025, 8, 18), None, True, 2026),
        ("1004", "OAK-1", date(2025, 8, 18), date(2025, 11, 1), True, 2026),
        ("1004", "ELM-1", date(2025, 11, 1), None, True, 2026),
    ]


def test_classes_and_who_is_in_them(district: District, drop: Drop) -> None:
    district.bring(drop)

    assert district.rows(
        "SELECT course_code, section_code, sections.title, starts_on, ends_on, periods, is_homeroom, count(*)"
        " FROM sections JOIN courses USING (tenant_id, course_id) JOIN section_sessions USING (tenant_id,"
        " section_id)"
        " GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1"
    ) == [
        ("ALG1", "A1", "Algebra I, first", date(2025, 8, 18), date(2027, 6, 12), ["1", "3"], False, 2),
        ("art", "art-1", "Art", date(2025, 8, 18), date(2025, 12, 19), None, True, 1),
    ]
    assert district.rows(
        "SELECT student_number, section_code, enrolled_on, withdrawn_on FROM course_enrollments"
        " JOIN students USING (tenant_id, student_id) JOIN sections USING (tenant_id, section_id) ORDER BY 1"
    ) == [
        ("1001", "A1", date(2025, 8, 20), None),
        ("1002", "art-1", date(2025, 8, 20), None),
        ("1003", "art-1", None, None),
        ("1004", "A1", date(2025, 11, 1), date(2026, 2, 1)),
    ]
    assert district.rows(
        "SELECT section_code, section_role::text, is_primary, begins_on, section_staff.ends_on FROM"
        " section_staff"
        " JOIN sections USING (tenant_id, section_id) ORDER BY 1"
    ) == [
        ("A1", "teacher", True, None, None),
        ("art-1", "teacher", False, date(2025, 8, 18), date(2025, 10, 1)),
    ]


def test_who_stays_to_the_last_day_has_not_withdrawn(district: District, drop: Drop) -> None:
    drop.change("enrollments", "e2", endDate="2025-12-19").change("enrollments", "e3", endDate="2025-12-18")

    district.bring(drop)

    assert district.rows(
        "SELECT student_number, withdrawn_on FROM course_enrollments JOIN students USING (tenant_id,"
        " student_id)"
        " WHERE student_number IN ('1002', '1003') ORDER BY 1"
    ) == [("1002", None), ("1003", date(2025, 12, 18))]


def test_the_gradebook(district: District, drop: Drop) -> None:
    district.bring(drop)

    assert district.rows(
        "SELECT assignments.title, assignment_type::text, max_value, min_value, due_on,"
        " assignment_categories.title"
        " FROM assignments JOIN assignment_categories USING (tenant_id, category_id) ORDER BY 1"
    ) == [
        ("Page 3", "homework", 100, None, date(2025, 9, 9), "Homework"),
        ("Unit 1", "quiz", 50, 0, date(2025, 9, 8), "Quizzes"),
    ]
    assert district.rows(
        "SELECT student_number, title, grade_value, grade_letter, is_late, is_missing, is_exempt,"
        " grades.comment,"
        " grades.known_at::date FROM grades JOIN students USING (tenant_id, student_id)"
        " JOIN assignments USING (tenant_id, assignment_id) ORDER BY 1, 2"
    ) == [
        ("1001", "Page 3", 80, None, None, True, False, None, date(2025, 9, 11)),
        ("1001", "Unit 1", 47.5, "A", False, False, False, "Well done", date(2025, 9, 10)),
        ("1004", "Unit 1", None, None, True, False, True, None, date(2025, 9, 10)),
    ]
    assert district.rows("SELECT grade_letter, min_percent FROM grade_scale_steps ORDER BY 1") == [
        ("A", 90),
        ("B", 80),
    ]


def test_what_no_room_keeps_is_kept_as_it_was_said(district: District, drop: Drop) -> None:
    drop.change("orgs", "d", **{"metadata.phone": "555"})

    district.bring(drop)

    assert district.rows(
        "SELECT record_type, source_id, facts FROM source_records WHERE entity_type = '' AND source_id IN"
        " ('d', 'x1', 'lo')"
        " ORDER BY 1, 2"
    ) == [
        (
            "lineItemLearningObjectiveIds",
            "lo",
            {"source": "unknown", "lineItemSourcedId": "li1", "learningObjectiveId": "fractions"},
        ),
        ("orgs", "d", {"name": "Oak Valley", "type": "district", "metadata.phone": "555"}),
        ("users", "x1", {"username": "gus", "enabledUser": "true", "givenName": "Gus", "familyName": "Test"}),
    ]


def test_no_password_is_kept(district: District, drop: Drop) -> None:
    district.bring(drop)

    assert district.rows("SELECT count(*) FROM source_records WHERE facts::text LIKE '%secret%'") == [(0,)]
    assert district.rows("SELECT count(*) FROM source_records WHERE facts ? 'password'") == [(0,)]


def test_a_dry_run_writes_nothing(district: District, drop: Drop) -> None:
    district.bring(Drop(drop.path.with_name("empty.zip")).only("orgs"))
    before = district.rows("SELECT (SELECT count(*) FROM source_records), (SELECT count(*) FROM imports)")

    outcome = district.bring(drop, is_dry_run=True)

    assert {one.table: one.new for one in outcome.tables}["students"] == 4
    assert district.rows("SELECT count(*) FROM students") == [(0,)]
    assert (
        district.rows("SELECT (SELECT count(*) FROM source_records), (SELECT count(*) FROM imports)")
        == before
    )
