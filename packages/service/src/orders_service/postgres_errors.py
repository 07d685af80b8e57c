"""Explain an error of PostgreSQL in one sentence without address, user and secret.

While connecting, libpq gives no SQLSTATE, so its message is matched. A message in a language other
than English is quoted.
"""

import re

import psycopg

NO_DATABASE = "the database does not exist: create it and run db/init.sql, or correct DB_NAME"
NO_SCHEMA = "the tables or functions of the stream are missing or outdated: run db/init.sql"
STANDBY = "the server is a standby, which takes no writes: connect to the primary"
NO_RIGHTS = (
    "the role lacks rights on the tables or functions of the stream: use the owner, orders_api or "
    "orders_listener, and run db/init.sql"
)
_REFUSED = "PostgreSQL refuses the user or the password: check DB_USER and DB_PASSWORD"
_BUSY = "PostgreSQL is starting, stopping or recovering"
_FULL = "PostgreSQL has no connection left: raise max_connections, or lower DB_POOL_CONNECTIONS"
_OF_POOL = "08P01"
"""The SQLSTATE of errors of PgBouncer itself."""
_POOL_FULL = "the connection pool before PostgreSQL takes no more clients: raise max_client_conn"
_POOL_ALONE = (
    "the connection pool does not reach PostgreSQL, has no free connection to it, or is refused by "
    "it: its log says more"
)

_STATES = {
    "25006": STANDBY,
    "28000": _REFUSED,
    "28P01": _REFUSED,
    "3D000": NO_DATABASE,
    "3F000": NO_SCHEMA,
    "42501": NO_RIGHTS,
    "42703": NO_SCHEMA,
    "42883": NO_SCHEMA,
    "42P01": NO_SCHEMA,
    "53300": _FULL,
    "57P03": _BUSY,
}
_TEXTS = [
    (re.compile(pattern, re.DOTALL), sentence)
    for pattern, sentence in (
        # TLS comes first: a refusal by pg_hba.conf also names user and database.
        (
            "requires a valid client certificate|certificate authentication failed",
            "PostgreSQL asks for a client certificate: set sslcert and sslkey in DATABASE_URL",
        ),
        (
            "no pg_hba.conf entry.*no encryption|SSL required|TLS required|requires TLS",
            "PostgreSQL requires TLS: set sslmode=verify-full in DATABASE_URL",
        ),
        ("no pg_hba.conf entry", "pg_hba.conf does not admit this user, database and address"),
        (
            "does not support SSL|SSL support is not compiled",
            "PostgreSQL does not speak TLS there, but sslmode requires it",
        ),
        (
            "root certificate file .* (does not exist|could not)|could not read root certificate",
            "the root certificates cannot be read: check sslrootcert in DATABASE_URL",
        ),
        (
            "certificate verify failed",
            "the certificate of PostgreSQL is not signed by an authority in sslrootcert",
        ),
        (
            "does not match host name",
            "the certificate of PostgreSQL is for another host name than that of DATABASE_URL",
        ),
        (
            "certificate file|private key file",
            "the client certificate or its key cannot be read: check sslcert and sslkey",
        ),
        (
            "(password|SASL) authentication failed|no password supplied|(role|user) .* not exist",
            _REFUSED,
        ),
        ("database .* does not exist|no such database", NO_DATABASE),
        (
            "failed to resolve host|could not translate host",
            "the host name of PostgreSQL is unknown",
        ),
        ("Connection refused|No such file", "nothing listens at the address of PostgreSQL"),
        (
            "timeout expired|timed out|No route to host|unreachable",
            "the address of PostgreSQL does not answer, or a connection pool there has no server",
        ),
        (
            "unsupported startup parameter",
            "a connection pool refuses `options`: remove it from DATABASE_URL",
        ),
        (
            "invalid response to|expected authentication request",
            "what listens at the address of PostgreSQL is something else",
        ),
        ("session is read-only|in hot standby mode", STANDBY),
        ("starting up|shutting down|recovery mode|not yet accepting", _BUSY),
        ("too many clients|connection slots|too many connections", _FULL),
        ("no more connections allowed|max_client_conn", _POOL_FULL),
        ("query_wait_timeout|server_login_retry|cannot connect to server", _POOL_ALONE),
        (
            "(closed the connection unexpectedly|connection reset).*",
            "PostgreSQL closed the connection: it has ended, or something else listens there",
        ),
    )
]


def explain(error: psycopg.Error) -> str:
    """Return the cause of an error, and its remedy, as one sentence."""
    sentence = _STATES.get(error.sqlstate or "")
    if sentence in {NO_SCHEMA, NO_RIGHTS}:
        return f"{sentence} ({error.diag.message_primary})"
    if sentence is not None:
        return sentence
    text = str(error)
    for pattern, known in _TEXTS:
        if error.sqlstate in {None, _OF_POOL} and pattern.search(text):
            return known
    # Leave out the detail, which may quote a row.
    said = text.rpartition(" failed: ")[2]  # before it, libpq repeats the address
    return error.diag.message_primary or " ".join(said.split()) or type(error).__name__
