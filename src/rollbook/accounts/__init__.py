"""Room: accounts. Who signs in, and with what; identity only, no pupils.

Owns    users, user_sessions
Verbs   add_user, list_users, sign_in, find_session, sign_out, deactivate
Terms   user = one person's or service's identity in one tenant;
        session = a sign-in, known by its token's hash
"""
