"""Let the app load whole months of attendance before their keys are built, within the tenant's walls.

A row that goes into a month with its keys and its foreign key live takes ten times as long as one that goes
into an empty table whose keys are built afterwards, and the app may not COPY into a table with row-level
security. So these functions make tables for the months of one load, without keys; the app fills them; they
are keyed, and each takes its place as a month that was not there, or that never held a row.

What keeps that from being a way around the walls:

- A load belongs to the transaction's tenant, and a check of the table lets in no row of another.
- The table has every check and NOT NULL of attendance_records from the start. A month is attached by
  PostgreSQL's own ATTACH PARTITION, which looks at every row's date and checks the foreign key to students
  before row-level security hides any row; it is forced before the transaction can end.
- The app may add to the load and read it, no more: it cannot change its shape, its checks or its rows.
- Nothing that the app made (a table, a type, a function) is ever read or run with the owner's rights.
- No row of attendance_records is written, moved or dropped: a month that holds rows, of whomever, stays as it
  is; "holds none" means that its file is empty, not that policies show none.
- A transaction in which a load was begun and not finished cannot commit, so no such table is left behind.
"""

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl

revision = "20261121_0960"
down_revision = "20261121_0950"
branch_labels = None
depends_on = None

FUNCTIONS = """
CREATE FUNCTION rollbook_attendance_load() RETURNS text
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    tenant integer := nullif(current_setting('rollbook.tenant', true), '')::integer;
BEGIN
    IF tenant IS NULL OR current_setting('rollbook.scope', true) IS DISTINCT FROM 'tenant' THEN
        RAISE EXCEPTION 'a load of attendance needs a transaction that sees a whole tenant'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN 'attendance_records_load_' || tenant;
END
$$;

CREATE FUNCTION rollbook_refuse_unfinished_load() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF to_regclass('public.attendance_records_load_' || NEW.tenant_id) IS NOT NULL THEN
        RAISE EXCEPTION 'a load of attendance was begun and neither attached nor dropped';
    END IF;
    RETURN NULL;
END
$$;

-- Begin a load of marks from since to until; return the table to fill. It has no column import_id yet.
CREATE FUNCTION rollbook_begin_attendance_load(since date, until date) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    load text := rollbook_attendance_load();
    tenant integer := current_setting('rollbook.tenant')::integer;
    first_day date;
BEGIN
    IF until < since OR until > since + 3660 THEN
        RAISE EXCEPTION 'refusing to load attendance of % to %: at most ten years', since, until;
    END IF;
    PERFORM rollbook_drop_attendance_load();
    INSERT INTO attendance_loads (tenant_id) VALUES (tenant);
    EXECUTE format(
        'CREATE TABLE %I (LIKE attendance_records INCLUDING DEFAULTS INCLUDING CONSTRAINTS)'
        ' PARTITION BY RANGE (date)', load
    );
    EXECUTE format(
        'ALTER TABLE %I DROP COLUMN import_id, ALTER COLUMN tenant_id SET DEFAULT %s', load, tenant
    );
    EXECUTE format('ALTER TABLE %I ADD CONSTRAINT of_one_tenant CHECK (tenant_id = %s)', load, tenant);
    FOR first_day IN
        SELECT months::date
        FROM generate_series(date_trunc('month', since), date_trunc('month', until), '1 month') AS months
    LOOP
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
            load || to_char(first_day, '_YYYY_MM'), load, first_day, (first_day + interval '1 month')::date
        );
    END LOOP;
    EXECUTE format('GRANT SELECT, INSERT ON %I TO rollbook_app', load);
    RETURN load;
END
$$;

-- Build the keys of the load's months; those that got no row go. Raises a unique violation if a mark repeats.
CREATE FUNCTION rollbook_key_attendance_load() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET maintenance_work_mem = '160MB' AS $$
DECLARE
    load text := rollbook_attendance_load();
    month regclass;
    keyed integer := 0;
BEGIN
    FOR month IN
        SELECT inhrelid::regclass FROM pg_inherits
        WHERE inhparent = to_regclass('public.' || load)
        ORDER BY inhrelid
    LOOP
        IF pg_relation_size(month) = 0 THEN
            EXECUTE format('DROP TABLE %s', month);
            CONTINUE;
        END IF;
        EXECUTE format(
            'ALTER TABLE %s ADD CONSTRAINT %I PRIMARY KEY (tenant_id, student_id, date, period)',
            month, month || '_pkey'
        );
        EXECUTE format('CREATE INDEX %I ON %s (tenant_id, date)', month || '_tenant_id_date_idx', month);
        keyed := keyed + 1;
    END LOOP;
    RETURN keyed;
END
$$;

-- Give the load's months to attendance_records, where those months are not there or never held a row; say so
-- for each. The others stay in the load. Nothing is dropped while a reader of attendance is in the way.
CREATE FUNCTION rollbook_attach_attendance_load(import integer)
RETURNS TABLE (month date, is_attached boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    load text := rollbook_attendance_load();
    source regclass;
    partition text;
BEGIN
    LOCK TABLE public.attendance_records IN SHARE UPDATE EXCLUSIVE MODE;
    FOR source IN
        SELECT inhrelid::regclass FROM pg_inherits
        WHERE inhparent = to_regclass('public.' || load)
        ORDER BY inhrelid::regclass::text
    LOOP
        month := to_date(right(source::text, 7), 'YYYY_MM');
        partition := 'attendance_records' || to_char(month, '_YYYY_MM');
        is_attached := rollbook_make_way_for_load(partition);
        IF is_attached THEN
            EXECUTE format('ALTER TABLE %I DETACH PARTITION %s', load, source);
            EXECUTE format(
                'ALTER TABLE %s DROP CONSTRAINT of_one_tenant, ALTER COLUMN tenant_id DROP DEFAULT,'
                ' ADD COLUMN import_id integer DEFAULT %L', source, import
            );
            EXECUTE format('ALTER TABLE %s ALTER COLUMN import_id DROP DEFAULT', source);
            EXECUTE format('ALTER INDEX %I RENAME TO %I', source || '_pkey', partition || '_pkey');
            EXECUTE format(
                'ALTER INDEX %I RENAME TO %I',
                source || '_tenant_id_date_idx', partition || '_tenant_id_date_idx'
            );
            EXECUTE format('ALTER TABLE %s RENAME TO %I', source, partition);
            EXECUTE format(
                'ALTER TABLE attendance_records ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                partition, month, (month + interval '1 month')::date
            );
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', partition);
            EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', partition);
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;

-- Say whether a month can be attached under this name; drop the partition of that name if it never held a
-- row.
CREATE FUNCTION rollbook_make_way_for_load(partition text) RETURNS boolean
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    patience text := current_setting('lock_timeout');
    is_free boolean := false;
BEGIN
    IF to_regclass('public.' || partition) IS NULL THEN
        RETURN true;
    END IF;
    IF pg_relation_size(('public.' || partition)::regclass) > 0 THEN
        RETURN false;
    END IF;
    BEGIN
        -- shorter than a deadlock takes to be noticed: who reads attendance may be waiting for us
        PERFORM set_config('lock_timeout', '300ms', true);
        LOCK TABLE public.attendance_records IN ACCESS EXCLUSIVE MODE;
        is_free := pg_relation_size(('public.' || partition)::regclass) = 0;
        IF is_free THEN
            EXECUTE format('DROP TABLE public.%I', partition);
        END IF;
    EXCEPTION WHEN lock_not_available THEN
        is_free := false;
    END;
    PERFORM set_config('lock_timeout', patience, true);
    RETURN is_free;
END
$$;

-- Forget what is left of the tenant's load.
CREATE FUNCTION rollbook_drop_attendance_load() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    load text := rollbook_attendance_load();
BEGIN
    EXECUTE format('DROP TABLE IF EXISTS public.%I', load);
    DELETE FROM attendance_loads WHERE tenant_id = current_setting('rollbook.tenant')::integer;
END
$$;

REVOKE EXECUTE ON FUNCTION
    rollbook_attendance_load(), rollbook_refuse_unfinished_load(), rollbook_begin_attendance_load(date, date),
    rollbook_key_attendance_load(), rollbook_attach_attendance_load(integer),
    rollbook_make_way_for_load(text), rollbook_drop_attendance_load()
FROM public;
GRANT EXECUTE ON FUNCTION
    rollbook_begin_attendance_load(date, date), rollbook_key_attendance_load(),
    rollbook_attach_attendance_load(integer), rollbook_drop_attendance_load()
TO rollbook_app;
CREATE CONSTRAINT TRIGGER refuse_unfinished AFTER INSERT ON attendance_loads
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION rollbook_refuse_unfinished_load();
"""


def upgrade() -> None:
    op.create_table(
        "attendance_loads",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_attendance_loads_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_attendance_loads")),
    )
    ddl.protect("attendance_loads", "tenant", may="SELECT")
    op.execute(FUNCTIONS)


def downgrade() -> None:
    op.drop_table("attendance_loads")
    op.execute(
        "DROP FUNCTION rollbook_begin_attendance_load(date, date), rollbook_key_attendance_load(),"
        " rollbook_attach_attendance_load(integer), rollbook_drop_attendance_load(),"
        " rollbook_make_way_for_load(text), rollbook_refuse_unfinished_load(), rollbook_attendance_load()"
    )
