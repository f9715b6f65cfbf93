"""Room: access. Who may see whom: turns role, work, family and grants into what a transaction may see.

Owns    bi_roles
Reads   accounts.users, accounts.user_grants, roster.staff, roster.staff_assignments, roster.guardians,
        roster.student_guardians, roster.student_school_enrollments, curriculum.section_staff,
        curriculum.sections, curriculum.course_enrollments
Verbs   visibility_of, interest_of, why, tie_to_staff, tie_to_guardian, untie, grant, list_grants, end_grant
        (Viewing is the dependency of every page and endpoint that shows pupils);
        check_bulk, check_administrator, check_audit_reader: what asks for a second factor (guarding.py);
        add_bi_role, list_bi_roles, remove_bi_role: who looks in by SQL (bi_roles.py);
        may, may_for_section, may_for_school and their require..., schools_of: who may write what (writing.py)
Terms   rule = what makes a user see a student, as a query; grant = students beside those of their work;
        BI role = a login role of the server, whose policies go by current_user;
        caseload = the students whom an enrollment gives to a counselor; viewing = one request's transaction,
        its user, and row-level security set to what that user may see
"""
