"""Let a session say where it was last used and what it still awaits, and a password that it must be changed.

A hash of an older system (bcrypt) may be kept until its user signs in. As long as there is one, every sign-in
does the work of checking one, so that nobody can tell by the time who has such a hash; a function of the
owner's says so, and no more, to the app, which sees no tenant's users before it knows the tenant.
"""

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl

revision = "20261121_1000"
down_revision = "20261121_0990"
branch_labels = None
depends_on = None

# These tables are as small as the number of people who sign in.
SESSIONS = """
-- squawk-ignore adding-field-with-default
ALTER TABLE user_sessions ADD session_id uuid DEFAULT uuidv7() NOT NULL;
ALTER TABLE user_sessions
    ADD awaits varchar,
    ADD second_factor_at timestamptz,
    ADD network text DEFAULT '' NOT NULL,
    ADD device text DEFAULT '' NOT NULL;
"""
USERS = """
ALTER TABLE users
    ADD password_changed_at timestamptz DEFAULT now() NOT NULL,
    ADD must_change_password boolean DEFAULT false NOT NULL;
-- squawk-ignore ban-drop-not-null
ALTER TABLE users ALTER password_hash DROP NOT NULL;
"""
UNIQUE = """-- squawk-ignore disallowed-unique-constraint, constraint-missing-not-valid
ALTER TABLE user_sessions ADD CONSTRAINT uq_user_sessions_tenant_id_session_id UNIQUE (tenant_id, session_id)
"""
BCRYPT = """
CREATE FUNCTION rollbook_bcrypt_cost() RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT max(split_part(password_hash, '$', 3)::integer) FROM users WHERE password_hash LIKE '$2_$__$%'
$$;
REVOKE EXECUTE ON FUNCTION rollbook_bcrypt_cost() FROM public;
GRANT EXECUTE ON FUNCTION rollbook_bcrypt_cost() TO rollbook_app;
CREATE POLICY bcrypt_is_counted ON users FOR SELECT TO CURRENT_USER USING (password_hash LIKE '$2_$__$%');
"""
COMMENTS = {
    "user_sessions.session_id": "what a page calls it; opens nothing",
    "user_sessions.awaits": "until then the session opens nothing else",
    "user_sessions.second_factor_at": "when a second factor was shown",
    "user_sessions.network": "last seen from: a /24, or a /48 of IPv6",
    "user_sessions.device": "kind of browser and system",
    "users.password_hash": (
        "argon2id, PHC string; until the first sign-in bcrypt of an older system; none = no password"
    ),
    "users.must_change_password": "somebody else knows it, or it is shorter than is asked now",
}


def upgrade() -> None:
    op.execute(SESSIONS)
    op.execute(USERS)
    for column, comment in COMMENTS.items():
        op.execute(f"COMMENT ON COLUMN {column} IS '{comment}'")
    ddl.add_constraint(
        "user_sessions", "ck_user_sessions_awaited", "CHECK (awaits IN ('code', 'new_password'))"
    )
    op.execute(UNIQUE)
    ddl.add_index("users", "ix_users_bcrypt", "tenant_id) WHERE (password_hash LIKE '$2_$__$%'")
    op.execute(BCRYPT)


def downgrade() -> None:
    op.execute("DROP POLICY bcrypt_is_counted ON users")
    op.execute("DROP FUNCTION rollbook_bcrypt_cost()")
    op.drop_index("ix_users_bcrypt", table_name="users")
    # Who has no password could not sign in before either.
    op.execute("ALTER TABLE users NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE users SET password_hash = '' WHERE password_hash IS NULL")
    op.execute("ALTER TABLE users FORCE ROW LEVEL SECURITY")
    op.alter_column(
        "users", "password_hash", existing_type=sa.Text(), nullable=False, comment="argon2id, PHC string"
    )
    for column in ("must_change_password", "password_changed_at"):
        op.drop_column("users", column)
    for column in ("device", "network", "second_factor_at", "awaits", "session_id"):
        op.drop_column("user_sessions", column)
