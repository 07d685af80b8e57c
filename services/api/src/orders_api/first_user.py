"""The first user: without any, the API logs a link that sets the password of an admin."""

import asyncio
from contextlib import suppress

import structlog

from orders_access.sessions import digest, new_secret
from orders_access.users import FIRST_LINK, FIRST_USER, LINK_LASTS, LINK_PATH
from orders_api.database import Database, one_or_none
from orders_api.errors import DatabaseUnavailableError, SchemaChangedError, StatementError

_AGAIN_S = 5.0

logger = structlog.get_logger()


async def announce(database: Database, address: str, stop: asyncio.Event) -> None:
    """Make the link, of one API process, once the database answers; `orders up` does it earlier."""
    link = new_secret()
    values = {"name": FIRST_USER, "link": digest(link), "lasts": LINK_LASTS, "again": False}
    while not stop.is_set():
        with suppress(DatabaseUnavailableError, SchemaChangedError, StatementError):
            async with database.connection() as connection:
                if await one_or_none(connection, FIRST_LINK, values):
                    logger.warning(
                        "set_first_password", user=FIRST_USER, at=f"{address}{LINK_PATH}{link}"
                    )
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(_AGAIN_S):
                await stop.wait()
