"""Names that processes of different kinds must agree on."""

ORDERS_CHANNEL_PG = "orders_changes"
"""PostgreSQL NOTIFY channel: the doorbell. Its payload carries no truth."""

LOG_KEY = "orders:log"
"""Redis stream of recent batches; an entry's ID is ``<last position>-0``."""

CHANGES_CHANNEL = "orders:changes"
"""Redis pub/sub channel: each batch as it is published, and the head once a second."""

LISTENER_KEY = "orders:listener"
"""Redis string, JSON: the listener's word that it lives. Expires after PRESENCE_TTL_S."""

HEAD_KEY = "orders:head"
"""Redis hash ``stream``, ``position``, ``schema``: how far LOG_KEY has been published without a
gap, and the version of the schema in SCHEMA_KEY."""

SCHEMA_KEY = "orders:schema"
"""Redis string: the document of ``order_schema()``, set before HEAD_KEY names its version."""

GATEWAY_KEY_PREFIX = "orders:gateway:"
"""Redis strings, JSON, one a gateway, by its id. They expire after PRESENCE_TTL_S."""

PRESENCE_TTL_S = 6
"""Seconds after which a process that says nothing is no longer counted."""

LOG_CAPACITY_EVENTS = 100_000
"""About so many events stay in LOG_KEY,"""

LOG_CAPACITY_BYTES = 128 * 1024 * 1024
"""but no more than about so many bytes of them."""

REVOKED_KEY = "orders:revoked"
"""Redis hash: tokens and subjects that no longer count, and a version. PostgreSQL has the truth."""

TICKET_KEY_PREFIX = "orders:ticket:"
"""Redis strings, JSON: whom a one-time ticket is for, by the ticket's digest."""
