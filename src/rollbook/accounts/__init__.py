"""Room: accounts. Who signs in, and with what; identity only, no pupils.

Owns    users, user_sessions, totp_secrets, recovery_codes, sign_in_tries, known_devices,
        user_grants, user_preferences, api_keys, access_tokens, identity_providers, identity_links
Verbs   add_user, list_users, activate, deactivate, set_role, change_email, change_name,
        change_password, reset_password,
        sign_in, show_code, find_session, list_sessions, sign_out, end_session, end_sessions,
        enrol, confirm, remove, check_second_factor, requires_second_factor, start_page, prefer_start_page,
        create_key, list_keys, revoke_key, issue_token, find_bearer,
        add_provider, list_providers, replace_passwords, stop_provider, sign_in_by_provider, links_of, unlink
Terms   user = one person's or service's identity in one tenant;
        session = a sign-in, known by its token's hash; awaits = what it still needs before it opens anything;
        provider = where people sign in instead of here (OpenID Connect); link = who a user is there;
        second factor = codes of an app, beside the password; known device = a browser that was let in before;
        key = what a program shows to act for a user; scope = what of that it opens
"""
