"""Room: accounts. Who signs in, and with what; identity only, no pupils.

Owns    users, user_sessions
Verbs   add_user, list_users, activate, deactivate, set_role, change_password, reset_password,
        sign_in, find_session, list_sessions, sign_out, end_session, end_sessions
Terms   user = one person's or service's identity in one tenant;
        session = a sign-in, known by its token's hash; awaits = what it still needs before it opens anything
"""
