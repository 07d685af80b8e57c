"""Check that a connection pooler in front of PostgreSQL keeps sessions, as the listener needs."""

import secrets
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from orders_listener.errors import SharedSessionError

HEARD_WITHIN_S = 2.0


async def require_session(connection: psycopg.AsyncConnection[Any], conninfo: str) -> None:
    """Check that an idle session receives notifications.

    A connection pooler in transaction mode forwards nothing between two transactions, and leaves
    session locks and prepared statements to the next client.

    Raises:
        SharedSessionError: the session does not receive the notification of another session.
        psycopg.Error: PostgreSQL does not answer.

    """
    channel = Identifier(f"orders_pool_{secrets.token_hex(8)}")
    await connection.execute(SQL("LISTEN {}").format(channel), prepare=False)
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as other:
        await other.execute(SQL("NOTIFY {}").format(channel), prepare=False)
        heard = [each async for each in connection.notifies(timeout=HEARD_WITHIN_S, stop_after=1)]
    # If nothing was heard, this most likely still runs in the server process that listens.
    await connection.execute(SQL("UNLISTEN {}").format(channel), prepare=False)
    if not heard:
        raise SharedSessionError
