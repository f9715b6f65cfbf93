"""Where pages and the API may read: the replica of the settings, or one that runs on this machine."""

from sqlalchemy import make_url

from rollbook.core.settings import Settings
from rollbook.ops import postmaster, server
from rollbook.ops.replicas.making import every_replica


def reading_url(settings: Settings) -> str | None:
    """Return the app role's URL of a replica; none where there is none to read from."""
    if settings.replica_url is not None:
        return settings.replica_url.get_secret_value()
    if server.is_external(settings):
        return None
    for replica in every_replica(settings):
        found = postmaster.find_postmaster(replica.home.data)
        if found is not None:
            primary = make_url(server.status(settings).url)
            return primary.set(port=found.port).render_as_string(hide_password=False)
    return None
