"""Room: access. Who may see whom: turns a user's role and work into what a transaction may see.

Owns    nothing: it reads roles, work at schools, caseloads and sections; ties a user to a staff record
Reads   accounts.users, roster.staff, roster.staff_assignments, roster.student_school_enrollments,
        curriculum.section_staff, curriculum.sections, curriculum.course_enrollments
Verbs   visibility_of, interest_of (Viewing is the dependency of every page and endpoint that shows pupils);
        may, may_for_section, may_for_school and their require..., schools_of: who may write what (writing.py)
Terms   caseload = the students whom an enrollment gives to a counselor; viewing = one request's transaction,
        its user, and row-level security set to what that user may see
"""
