-- What the rows of a OneRoster bundle must be to each other, beyond their references. Each query reads staged
-- rows and returns those that are wrong. Where a row refers to one that is not in the bundle, nothing is said.

-- name: dates_of_session
-- Sessions that end before they begin.
-- returns  line_number bigint, column_name text, reason text
SELECT
    line_number,
    'endDate' AS column_name,
    'is before startDate [semantic.dates_reversed]' AS reason
FROM stage_academicsessions
WHERE "endDate" < "startDate";

-- name: session_in_itself
-- Sessions that are their own parent.
-- returns  line_number bigint, column_name text, reason text
SELECT
    line_number,
    'parentSourcedId' AS column_name,
    'is the record itself [semantic.parent_is_self]' AS reason
FROM stage_academicsessions
WHERE "parentSourcedId" = "sourcedId";

-- name: dates_of_role
-- Roles that end before they begin.
-- returns  line_number bigint, column_name text, reason text
SELECT
    line_number,
    'endDate' AS column_name,
    'is before beginDate [semantic.dates_reversed]' AS reason
FROM stage_roles
WHERE "endDate" < "beginDate";

-- name: dates_of_enrollment
-- Enrollments that end before they begin.
-- returns  line_number bigint, column_name text, reason text
SELECT
    line_number,
    'endDate' AS column_name,
    'is before beginDate [semantic.dates_reversed]' AS reason
FROM stage_enrollments
WHERE "endDate" < "beginDate";

-- name: birth_date
-- Birth dates that nobody alive has.
-- returns  line_number bigint, column_name text, reason text
SELECT
    line_number,
    'birthDate' AS column_name,
    'is not after 1900-01-01 [semantic.birth_date]' AS reason
FROM stage_demographics
WHERE "birthDate" <= '1900-01-01';

-- name: school_year_of_course
-- Courses of a school year that is a session of another type.
-- returns  line_number bigint, column_name text, reason text
SELECT
    course.line_number,
    'schoolYearSourcedId' AS column_name,
    'is not a session of type schoolYear [semantic.school_year]' AS reason
FROM stage_courses AS course
INNER JOIN stage_academicsessions AS session ON course."schoolYearSourcedId" = session."sourcedId"
WHERE session.type <> 'schoolYear' AND session.type NOT LIKE 'ext:%';

-- name: school_of_class
-- Classes at an organisation that is no school.
-- returns  line_number bigint, column_name text, reason text
SELECT
    class.line_number,
    'schoolSourcedId' AS column_name,
    'is not an org of type school [semantic.school]' AS reason
FROM stage_classes AS class
INNER JOIN stage_orgs AS org ON class."schoolSourcedId" = org."sourcedId"
WHERE org.type <> 'school' AND org.type NOT LIKE 'ext:%';

-- name: school_of_enrollment
-- Enrollments at an organisation that is no school.
-- returns  line_number bigint, column_name text, reason text
SELECT
    enrollment.line_number,
    'schoolSourcedId' AS column_name,
    'is not an org of type school [semantic.school]' AS reason
FROM stage_enrollments AS enrollment
INNER JOIN stage_orgs AS org ON enrollment."schoolSourcedId" = org."sourcedId"
WHERE org.type <> 'school' AND org.type NOT LIKE 'ext:%';

-- name: school_of_line_item
-- Line items at an organisation that is no school.
-- returns  line_number bigint, column_name text, reason text
SELECT
    item.line_number,
    'schoolSourcedId' AS column_name,
    'is not an org of type school [semantic.school]' AS reason
FROM stage_lineitems AS item
INNER JOIN stage_orgs AS org ON item."schoolSourcedId" = org."sourcedId"
WHERE org.type <> 'school' AND org.type NOT LIKE 'ext:%';

-- name: session_of_line_item
-- Line items that count for a whole school year.
-- returns  line_number bigint, column_name text, reason text
SELECT
    item.line_number,
    'academicSessionSourcedId' AS column_name,
    'is a session of type schoolYear [semantic.line_item_session]' AS reason
FROM stage_lineitems AS item
INNER JOIN stage_academicsessions AS session ON item."academicSessionSourcedId" = session."sourcedId"
WHERE session.type = 'schoolYear';

-- name: primary_roles
-- Second primary roles of a user at an organisation.
-- returns  line_number bigint, column_name text, reason text
SELECT
    role.line_number,
    'roleType' AS column_name,
    'is the second primary role of the user at the org [semantic.primary_role]' AS reason
FROM stage_roles AS role
INNER JOIN (
    SELECT
        "userSourcedId",
        "orgSourcedId",
        min(line_number) AS first_line
    FROM stage_roles
    WHERE "roleType" = 'primary' AND status IS DISTINCT FROM 'tobedeleted'
    GROUP BY "userSourcedId", "orgSourcedId"
    HAVING count(*) > 1
) AS several USING ("userSourcedId", "orgSourcedId")
WHERE
    role."roleType" = 'primary'
    AND role.status IS DISTINCT FROM 'tobedeleted'
    AND role.line_number > several.first_line;

-- name: primary_org
-- Users whose primary organisation is one where they have no role. Only where both files are complete.
-- returns  line_number bigint, column_name text, reason text
SELECT
    line_number,
    'primaryOrgSourcedId' AS column_name,
    'is an org where the user has no role [semantic.primary_org]' AS reason
FROM stage_users AS member
WHERE
    "primaryOrgSourcedId" IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM stage_roles AS role
        WHERE
            role."userSourcedId" = member."sourcedId"
            AND role."orgSourcedId" = member."primaryOrgSourcedId"
    );

-- name: profile_of_role
-- Roles with the profile of another user.
-- returns  line_number bigint, column_name text, reason text
SELECT
    role.line_number,
    'userProfileSourcedId' AS column_name,
    'is the profile of another user [semantic.profile]' AS reason
FROM stage_roles AS role
INNER JOIN stage_userprofiles AS profile ON role."userProfileSourcedId" = profile."sourcedId"
WHERE role."userSourcedId" <> profile."userSourcedId";

-- name: class_of_result
-- Results in another class than that of the line item.
-- returns  line_number bigint, column_name text, reason text
SELECT
    result.line_number,
    'classSourcedId' AS column_name,
    'is not the class of the line item [semantic.result_class]' AS reason
FROM stage_results AS result
INNER JOIN stage_lineitems AS item ON result."lineItemSourcedId" = item."sourcedId"
WHERE result."classSourcedId" <> item."classSourcedId";

-- name: student_of_result
-- Results of students who are not enrolled in the class. Only where the files are complete.
-- returns  line_number bigint, column_name text, reason text
SELECT
    result.line_number,
    'studentSourcedId' AS column_name,
    'is not enrolled in the class [semantic.result_student]' AS reason
FROM stage_results AS result
INNER JOIN stage_lineitems AS item ON result."lineItemSourcedId" = item."sourcedId"
WHERE
    NOT EXISTS (
        SELECT FROM stage_enrollments AS enrollment
        WHERE
            enrollment."classSourcedId" = item."classSourcedId"
            AND enrollment."userSourcedId" = result."studentSourcedId"
    );

-- name: range_of_line_item
-- Line items whose least value is above the most. The cast waits until both are known to be numbers.
-- returns  line_number bigint, column_name text, reason text
SELECT
    line_number,
    'resultValueMin' AS column_name,
    'is above resultValueMax [semantic.range]' AS reason
FROM stage_lineitems
WHERE
    CASE
        WHEN
            "resultValueMin" ~ '^-?[0-9]{1,12}(\.[0-9]{1,12})?$'
            AND "resultValueMax" ~ '^-?[0-9]{1,12}(\.[0-9]{1,12})?$'
            THEN "resultValueMin"::numeric > "resultValueMax"::numeric
        ELSE FALSE
    END;

-- name: score_of_result
-- Scores outside the range of the line item.
-- returns  line_number bigint, column_name text, reason text
SELECT
    result.line_number,
    'score' AS column_name,
    'is outside the range of the line item [semantic.score_range]' AS reason
FROM stage_results AS result
INNER JOIN stage_lineitems AS item ON result."lineItemSourcedId" = item."sourcedId"
WHERE
    CASE
        WHEN
            result.score ~ '^-?[0-9]{1,12}(\.[0-9]{1,12})?$'
            AND coalesce(item."resultValueMin", '0') ~ '^-?[0-9]{1,12}(\.[0-9]{1,12})?$'
            AND coalesce(item."resultValueMax", '0') ~ '^-?[0-9]{1,12}(\.[0-9]{1,12})?$'
            THEN
                result.score::numeric < item."resultValueMin"::numeric
                OR result.score::numeric > item."resultValueMax"::numeric
        ELSE FALSE
    END;

-- name: objective_of_line_item
-- Objectives from a CASE framework that are no UUID.
-- returns  line_number bigint, column_name text, reason text
SELECT
    line_number,
    'learningObjectiveId' AS column_name,
    'is not urn:uuid: and a lower-case UUID [semantic.case_objective]' AS reason
FROM stage_lineitemlearningobjectiveids
WHERE
    source = 'case'
    AND "learningObjectiveId" !~ '^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';

-- name: objective_of_result
-- The same of results.
-- returns  line_number bigint, column_name text, reason text
SELECT
    line_number,
    'learningObjectiveId' AS column_name,
    'is not urn:uuid: and a lower-case UUID [semantic.case_objective]' AS reason
FROM stage_resultlearningobjectiveids
WHERE
    source = 'case'
    AND "learningObjectiveId" !~ '^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';

-- name: org_of_user_resource
-- Resources of a user in a class, at another school than the class's.
-- returns  line_number bigint, column_name text, reason text
SELECT
    link.line_number,
    'orgSourcedId' AS column_name,
    'is not the school of the class [semantic.user_resource_org]' AS reason
FROM stage_userresources AS link
INNER JOIN stage_classes AS class ON link."classSourcedId" = class."sourcedId"
WHERE link."orgSourcedId" <> class."schoolSourcedId";

-- name: class_of_user_resource
-- Resources of a user in a class where they are not enrolled. Only where the files are complete.
-- returns  line_number bigint, column_name text, reason text
SELECT
    link.line_number,
    'classSourcedId' AS column_name,
    'is a class where the user is not enrolled [semantic.user_resource_class]' AS reason
FROM stage_userresources AS link
WHERE
    link."classSourcedId" IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM stage_enrollments AS enrollment
        WHERE
            enrollment."classSourcedId" = link."classSourcedId"
            AND enrollment."userSourcedId" = link."userSourcedId"
    );

-- name: password_of_user
-- Passwords.
-- returns  line_number bigint, column_name text, reason text
SELECT
    line_number,
    'password' AS column_name,
    'is not kept' AS reason
FROM stage_users
WHERE password IS NOT NULL;

-- name: password_of_profile
-- The same of profiles.
-- returns  line_number bigint, column_name text, reason text
SELECT
    line_number,
    'password' AS column_name,
    'is not kept' AS reason
FROM stage_userprofiles
WHERE password IS NOT NULL;

-- name: roles_of_users
-- OneRoster 1.1 and 1.0 write a user's one role and their organisations in users: a role at each of them.
INSERT INTO stage_roles (
    line_number, "sourcedId", status, "dateLastModified", "userSourcedId", "roleType", role, "orgSourcedId"
)
SELECT
    member.line_number,
    left(member."sourcedId" || '/' || org.id || '/' || member.role, 255),
    member.status,
    member."dateLastModified",
    member."sourcedId",
    'primary',
    CASE
        WHEN member.role <> 'administrator' THEN member.role
        WHEN there.type = 'school' THEN 'siteAdministrator'
        ELSE 'districtAdministrator'
    END,
    org.id
FROM stage_users AS member
CROSS JOIN LATERAL unnest(string_to_array(member."orgSourcedIds", ',')) AS org (id)
LEFT JOIN stage_orgs AS there ON org.id = there."sourcedId"
GROUP BY
    member.line_number,
    member."sourcedId",
    member.status,
    member."dateLastModified",
    member.role,
    there.type,
    org.id;

-- name: years_of_sessions
-- OneRoster 1.0 does not say a session's school year: it is the year in which it ends, summers apart.
UPDATE stage_academicsessions
SET
    "schoolYear" = CASE
        WHEN substr("endDate", 6, 2) > '07' THEN (left("endDate", 4)::int + 1)::text
        ELSE left("endDate", 4)
    END
WHERE "schoolYear" IS NULL AND "endDate" ~ '^[12][0-9]{3}-[0-9]{2}-[0-9]{2}$';

-- name: ids_of_users
-- OneRoster 1.0 has one other id of a user, without its kind.
UPDATE stage_users
SET "userIds" = '{userId:' || "userIds" || '}', "enabledUser" = coalesce("enabledUser", 'true')
WHERE "userIds" !~ '[{}:]' OR "enabledUser" IS NULL;
