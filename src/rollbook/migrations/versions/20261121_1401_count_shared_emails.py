"""Say, and no more, how many tenants at most know one email: every sign-in does the work of that many.

Nobody can then tell by the time that an email is known in several tenants. The app, which sees no tenant's
users before it knows the tenant, asks a function of the owner's; only within it the owner sees all users.
"""

from alembic import op

revision = "20261121_1401"
down_revision = "20261121_1105"
branch_labels = None
depends_on = None

COUNT = """
CREATE FUNCTION rollbook_most_sharing_an_email() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    most integer;
BEGIN
    PERFORM set_config('rollbook.counts_emails', 'yes', true);
    SELECT coalesce(max(shared.users), 0) INTO most
    FROM (SELECT count(*) AS users FROM users WHERE is_active GROUP BY email) AS shared;
    PERFORM set_config('rollbook.counts_emails', '', true);
    RETURN most;
END
$$;
REVOKE EXECUTE ON FUNCTION rollbook_most_sharing_an_email() FROM public;
GRANT EXECUTE ON FUNCTION rollbook_most_sharing_an_email() TO rollbook_app;
CREATE POLICY emails_are_counted ON users FOR SELECT TO CURRENT_USER
USING (current_setting('rollbook.counts_emails', true) = 'yes');
"""


def upgrade() -> None:
    op.execute(COUNT)


def downgrade() -> None:
    op.execute("DROP POLICY emails_are_counted ON users")
    op.execute("-- squawk-ignore ban-drop-function\nDROP FUNCTION rollbook_most_sharing_an_email()")
