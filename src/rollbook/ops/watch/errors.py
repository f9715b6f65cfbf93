"""What can go wrong in watching a server."""

from rollbook.core.errors import Invalid, Unavailable


class AddressUnclear(Invalid):
    """'{address}' is no address to listen on. Write HOST:PORT, such as 127.0.0.1:9187."""


class ListensToAnybody(Invalid):
    """{address} can be reached from other machines. Set ROLLBOOK_METRICS_TOKEN, or listen on 127.0.0.1."""


class MetricsPortTaken(Unavailable):
    """{address} cannot be listened on: {reason}. Choose another with --listen."""
