"""The whole schema of a database as facts, to be compared with another's."""

from sqlalchemy import create_engine

from rollbook.testing.databases import Database

EVERYTHING = """
WITH ours AS (SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_|^information_schema$')
SELECT nspname || ' ' || coalesce(obj_description(oid), '') FROM ours
UNION ALL
SELECT pg_describe_object(classid, objid, objsubid) FROM pg_depend
WHERE refclassid = 'pg_namespace'::regclass AND refobjid IN (SELECT oid FROM ours)
UNION ALL
SELECT format('%s.%s %s %s', table_schema, table_name, column_name,
    concat_ws(' ', data_type, column_default, is_nullable))
FROM information_schema.columns WHERE table_schema IN (SELECT nspname FROM ours)
UNION ALL
SELECT format('%s %s', indexrelid::regclass, pg_get_indexdef(indexrelid))
FROM pg_index JOIN pg_class ON indrelid = oid WHERE relnamespace IN (SELECT oid FROM ours)
UNION ALL
SELECT format('%s %s', conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE connamespace IN (SELECT oid FROM ours)
UNION ALL
SELECT format('%s %s %s %s', tablename, policyname, qual, with_check) FROM pg_policies
UNION ALL
SELECT format('%s %s %s', oid::regclass, relacl, pg_get_viewdef(oid)) FROM pg_class
WHERE relnamespace IN (SELECT oid FROM ours)
UNION ALL
SELECT format('%s %s %s', proname, proacl, prosrc) FROM pg_proc
WHERE pronamespace IN (SELECT oid FROM ours)
UNION ALL
SELECT pg_get_triggerdef(pg_trigger.oid) FROM pg_trigger WHERE NOT tgisinternal
"""


def everything(database: Database) -> set[str]:
    """Describe every object in the schema: columns, keys, indexes, policies, grants, functions, triggers."""
    engine = create_engine(database.owner_url)
    with engine.connect() as connection:
        found = set(connection.exec_driver_sql(EVERYTHING.replace("%", "%%")).scalars())
    engine.dispose()
    return {str(fact) for fact in found if "alembic_version" not in str(fact)}
