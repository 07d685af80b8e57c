"""Answers stored by Idempotency-Key. A repeated request gets the first one and writes nothing."""

from orders_access.principal import Principal
from orders_api import queries
from orders_api.catalog import WatchedTable
from orders_api.database import Connection, one_or_none
from orders_api.errors import KeyReusedError
from orders_api.records import StoredRow
from orders_contract.schema import ORDERS


def own_key(key: str, table: WatchedTable, who: Principal) -> str:
    """Return the key for one subject and table, so that only the sender gets the answer again."""
    of_table = "" if table.table.name == ORDERS else f"{table.table.name}\n"
    return f"{who.subject}\n{of_table}{key}" if who.subject or of_table else key


async def find(connection: Connection, key: str, request: bytes) -> StoredRow | None:
    """Return the stored answer, if any; requests with the same key wait for this transaction.

    ``request`` is a hash of the request.

    Raises:
        KeyReusedError: the key was used for another request.

    """
    await connection.execute(queries.LOCK_KEY, {"key": key})
    kept = await one_or_none(connection, queries.KEPT_ANSWER, {"key": key})
    if kept is None:
        return None
    if bytes(kept[0]) != request:
        raise KeyReusedError
    return StoredRow(tuple(kept[1]), kept[2], kept[3], replayed=True)


async def keep(connection: Connection, key: str, request: bytes, answer: StoredRow) -> None:
    """Store an answer in the transaction that it reports on, and delete a few expired answers."""
    values = {
        "key": key,
        "request_hash": request,
        "row_key": list(answer.key),
        "version": answer.version,
        "response": answer.json,
    }
    await connection.execute(queries.KEEP_ANSWER, values)
    await connection.execute(queries.FORGET_ANSWERS)
