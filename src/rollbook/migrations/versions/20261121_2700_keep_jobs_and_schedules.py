"""Keep jobs and their schedules: the tables of procrastinate, and what was chosen of each schedule.

Procrastinate's tables come from its own migrations, named here one by one, so that this step makes the same
for ever: a release of it that adds to them gets a step of ours that names what it adds.
"""

import re
from importlib.resources import files

from alembic import op

revision = "20261121_2700"
down_revision = "20261121_2000"
branch_labels = None
depends_on = None

_THEIRS = """
00.00.00_01_initial
00.05.00_01_drop_started_at_column
00.05.00_02_drop_started_at_column
00.05.00_03_drop_procrastinate_version_table
00.06.00_01_fix_procrastinate_fetch_job
00.07.01_01_fix_trigger_status_events_insert
00.08.01_01_add_queueing_lock_column
00.10.00_01_close_fetch_job_race_condition
00.10.00_02_add_defer_job_function
00.11.00_03_add_procrastinate_periodic_defers
00.12.00_01_add_foreign_key_index
00.14.00_01_add_locks_to_periodic_defer
00.15.02_01_fix_procrastinate_defer_periodic_job
00.16.00_01_add_finish_job_and_retry_job_functions
00.17.00_01_add_trigger_on_job_deletion
00.17.00_02_delete_finished_jobs
00.17.00_03_add_checks_to_finish_job
00.17.00_04_add_checks_to_retry_job
00.18.01_01_fix_finish_job_compat_issue
00.19.00_01_add_index_on_procrastinate_jobs
00.22.00_01_add_kwargs_to_defer_periodic_job
00.23.00_01_null_locks_excluded
01.00.00_01_remove_old_finish_job_function
01.01.01_01_job_id_bigint
02.00.03_01_add_job_priority
02.05.00_01_add_periodic_job_priority
02.06.00_01_add_cancel_states
02.08.00_01_add_additional_params_to_retry_job
02.14.01_01_add_indexes_for_fetch_job
03.00.00_01_pre_cancel_notification
03.00.00_50_post_cancel_notification
03.01.00_01_pre_add_heartbeat
03.01.00_50_post_add_heartbeat
03.02.00_01_pre_batch_defer_jobs
03.02.00_50_post_batch_defer_jobs
03.03.00_01_pre_priority_lock_fetch_job
03.04.00_01_pre_add_retry_failed_job_procedure
03.04.00_50_post_add_retry_failed_job_procedure
"""
# Made whole at once: before PostgreSQL 17 no transaction may use a value that it added to a type.
_TYPES = """
CREATE TYPE procrastinate_job_status AS ENUM (
    'todo', 'doing', 'succeeded', 'failed', 'cancelled', 'aborting', 'aborted'
);
CREATE TYPE procrastinate_job_event_type AS ENUM (
    'deferred', 'started', 'deferred_for_retry', 'failed', 'succeeded', 'cancelled', 'abort_requested',
    'aborted', 'scheduled', 'retried'
)
"""
_MADE_HERE = re.compile(r"^(CREATE TYPE \w+ AS ENUM|ALTER TYPE \w+ ADD VALUE)[^;]*;", re.MULTILINE)
# A trigger's function must find its tables whatever path the statement was written for.
_PIN_PATHS = """
DO $$
DECLARE
    theirs regprocedure;
BEGIN
    FOR theirs IN
        SELECT oid FROM pg_proc
        WHERE pronamespace = 'operations'::regnamespace AND proname LIKE 'procrastinate%'
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = operations, pg_temp', theirs);
    END LOOP;
END
$$
"""
_DROP_THEIRS = """
DO $$
DECLARE
    theirs text;
BEGIN
    FOR theirs IN
        SELECT format('DROP TABLE operations.%I CASCADE', relname) FROM pg_class
        WHERE relnamespace = 'operations'::regnamespace AND relkind = 'r' AND relname LIKE 'procrastinate%'
    LOOP
        EXECUTE theirs;
    END LOOP;
    FOR theirs IN
        SELECT format('DROP ROUTINE %s CASCADE', oid::regprocedure) FROM pg_proc
        WHERE pronamespace = 'operations'::regnamespace AND proname LIKE 'procrastinate%'
    LOOP
        EXECUTE theirs;
    END LOOP;
    FOR theirs IN
        SELECT format('DROP TYPE operations.%I CASCADE', typname) FROM pg_type
        WHERE typnamespace = 'operations'::regnamespace AND typtype IN ('e', 'c')
            AND typname LIKE 'procrastinate%'
    LOOP
        EXECUTE theirs;
    END LOOP;
END
$$
"""


def upgrade() -> None:
    # Theirs is not ours to lint, and all of it makes or changes empty tables, in one transaction.
    op.execute("-- squawk-ignore-file\nSET LOCAL search_path = operations, pg_temp")
    op.execute(_TYPES)
    folder = files("procrastinate.sql") / "migrations"
    for name in _THEIRS.split():
        op.execute(_MADE_HERE.sub("", (folder / f"{name}.sql").read_text(encoding="utf-8")))
    op.execute("SET LOCAL search_path = DEFAULT")
    op.execute(_PIN_PATHS)
    op.execute(
        """
        CREATE TABLE operations.schedules (
            name text PRIMARY KEY,
            cron text,
            is_off boolean,
            since timestamptz NOT NULL DEFAULT clock_timestamp(),
            changed_by text NOT NULL DEFAULT ''
        )
        """
    )
    for column, meaning in {
        "cron": "when it was moved to; null: as released",
        "is_off": "whether it was switched off; null: as released",
        "since": "what was due until then is not made up for",
    }.items():
        op.execute(f"COMMENT ON COLUMN operations.schedules.{column} IS '{meaning}'")
    op.execute("COMMENT ON TABLE operations.schedules IS 'What was chosen of one schedule of the worker'")
    op.execute("GRANT SELECT ON operations.schedules TO rollbook_app")


def downgrade() -> None:
    op.execute("DROP TABLE operations.schedules")
    op.execute(_DROP_THEIRS)
