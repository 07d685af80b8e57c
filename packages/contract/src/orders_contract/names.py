"""Names in PostgreSQL and Redis that several processes use."""

ORDERS_CHANNEL_PG = "orders_changes"
"""PostgreSQL's NOTIFY channel, the doorbell. Its payload is not used."""

LOG_KEY = "orders:log"
"""Redis stream of recent batches; an entry's ID is ``<last position>-0``."""

CHANGES_CHANNEL = "orders:changes"
"""Redis pub/sub channel: each batch when it is published, and the head once a second."""

LISTENER_KEY = "orders:listener"
"""Redis string, JSON: the state of the listener. Expires after PRESENCE_TTL_S."""

HEAD_KEY = "orders:head"
"""Redis hash ``stream``, ``position``, ``schema``: the end of LOG_KEY, which has no gap before it,
and the version of the schema in SCHEMA_KEY."""

SCHEMA_KEY = "orders:schema"
"""Redis string: the document of ``order_schema()``, written before HEAD_KEY names its version."""

GATEWAY_KEY_PREFIX = "orders:gateway:"
"""Redis strings, JSON: the state of each gateway, by its id. They expire after PRESENCE_TTL_S."""

PRESENCE_TTL_S = 6
"""Seconds after which a silent process counts as gone."""

LOG_CAPACITY_EVENTS = 100_000
"""Approximate number of events that LOG_KEY keeps."""

LOG_CAPACITY_BYTES = 128 * 1024 * 1024
"""Approximate size of the events that LOG_KEY keeps; whichever bound is reached first holds."""

REVOKED_KEY = "orders:revoked"
"""Redis hash: revoked tokens and subjects, and a version. A copy of the list in PostgreSQL."""

TICKET_KEY_PREFIX = "orders:ticket:"
"""Redis strings, JSON: the principal of each one-time ticket, by the ticket's digest."""
