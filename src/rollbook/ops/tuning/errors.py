"""What can go wrong with tuning, each with what to do about it."""

from rollbook.core.errors import Forbidden, Invalid, Unavailable


class StatementsNotCounted(Unavailable):
    """The server does not count statements.

    Add pg_stat_statements to its shared_preload_libraries, restart it, then let a superuser run
    CREATE EXTENSION pg_stat_statements.
    """


class StatementsHidden(Forbidden):
    """'{role}' may not see other roles' statements.

    Let a superuser run: GRANT pg_read_all_stats TO {role};
    """


class StatisticsHidden(Forbidden):
    """'{role}' may not see the statistics of tables with row-level security, so nothing can be judged.

    Name a superuser, or a role with BYPASSRLS and pg_read_all_data, in ROLLBOOK_OWNER_URL for this command.
    """


class NoTwinPrograms(Unavailable):
    """A planner twin needs the programs of PostgreSQL 18 or later, with pg_dump; here are {found}.

    Install them beside the others; the database stays on those that it has.
    """


class NoTlsPrograms(Unavailable):
    """The server wants TLS, and the programs of PostgreSQL here are built without it.

    Install PostgreSQL 18 or later with TLS, such as from your system's packages.
    """


class TwinFailed(Unavailable):
    """The planner twin could not be made ({reason}). The real database is as it was."""


class PlansNotLogged(Forbidden):
    """Only a superuser may have plans logged; on this server, let one set session_preload_libraries."""


class IndexNotBuilt(Unavailable):
    """The index {index} on {table} could not be built ({reason}). Nothing of it is left."""


class UpkeepRunning(Unavailable):
    """Another `rollbook db optimize` or `advise --apply` works on this database. Wait until it has ended."""


class LogUnreadable(Invalid):
    """{path} cannot be read ({reason})."""
