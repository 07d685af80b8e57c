"""Names in PostgreSQL and Redis that several processes use."""

ORDERS_CHANNEL_PG = "orders_changes"
"""PostgreSQL's NOTIFY channel, which wakes the listener. Its payload is not used."""

LOG_KEY = "orders:log"
"""Redis stream of recent batches; an entry's ID is ``<last position>-0``."""

CHANGES_CHANNEL = "orders:changes"
"""Redis pub/sub channel: each batch when it is published, and the head once a second."""

LISTENER_KEY = "orders:listener"
"""Redis string, JSON: the state of the listener. Expires after PRESENCE_TTL_S."""

HEAD_KEY = "orders:head"
"""Redis hash. ``stream`` and ``position``: the end of LOG_KEY, which has no gap before it;
``schema``: the version in SCHEMA_KEY; ``origin``: the database server that events come from."""

SCHEMA_KEY = "orders:schema"
"""Redis string: the document of ``order_schema()``, written before HEAD_KEY names its version."""

GATEWAY_KEY_PREFIX = "orders:gateway:"
"""Redis strings, JSON: the state of each gateway, by its id. They expire after PRESENCE_TTL_S."""

GATEWAYS_KEY = "orders:gateways"
"""Redis set: the ids of gateways. If a gateway is gone, its key above has expired."""

PRESENCE_TTL_S = 6
"""Seconds after which a process that reports nothing counts as gone."""

LOG_CAPACITY_EVENTS = 100_000
"""Approximate number of events that LOG_KEY keeps."""

LOG_CAPACITY_BYTES = 128 * 1024 * 1024
"""Approximate size of the events that LOG_KEY keeps; the bound that is reached first applies."""

REVOKED_KEY = "orders:revoked"
"""Redis hash: revoked tokens and subjects, and a version. A copy of the list in PostgreSQL."""

SESSION_KEY_PREFIX = "orders:session:"
"""Redis strings, JSON: the principal of a session or of a program's token, by the digest of its
secret. The API writes one when a gateway asks for it; PostgreSQL has the session."""

TICKET_KEY_PREFIX = "orders:ticket:"
"""Redis strings, JSON: the principal of each one-time ticket, by the ticket's digest."""


_DEFAULT_PREFIX = "orders"


class RedisNames:
    """The names above with a configured prefix in place of ``orders``.

    In a cluster the prefix is a hash tag, by default ``{orders}``, because a script needs all its
    keys in one slot. The channel is then a sharded channel.
    """

    def __init__(self, prefix: str = "", *, in_cluster: bool = False) -> None:
        prefix = prefix or _DEFAULT_PREFIX
        if in_cluster and "{" not in prefix:
            prefix = f"{{{prefix}}}"

        def named(default: str) -> str:
            return prefix + default.removeprefix(_DEFAULT_PREFIX)

        self.log = named(LOG_KEY)
        self.changes = named(CHANGES_CHANNEL)
        self.listener = named(LISTENER_KEY)
        self.head = named(HEAD_KEY)
        self.schema = named(SCHEMA_KEY)
        self.gateways = named(GATEWAY_KEY_PREFIX)
        self.known_gateways = named(GATEWAYS_KEY)
        self.revoked = named(REVOKED_KEY)
        self.sessions = named(SESSION_KEY_PREFIX)
        self.tickets = named(TICKET_KEY_PREFIX)
        self.publish, self.subscribe = (
            ("SPUBLISH", "SSUBSCRIBE") if in_cluster else ("PUBLISH", "SUBSCRIBE")
        )
