"""The first user: if there are no users, the API logs a link to set the password of an admin."""

import asyncio
from contextlib import suppress

import structlog

from orders_access.sessions import digest, new_secret
from orders_access.users import FIRST_LINK, FIRST_USER, LINK_LASTS, LINK_PATH
from orders_api.database import Database
from orders_api.errors import DatabaseUnavailableError, StatementError
from orders_service.tasks import pause

_AGAIN_S = 5.0

logger = structlog.get_logger()


async def announce(database: Database, address: str, stop: asyncio.Event) -> None:
    """Create and log the link once the database answers, if there is no user and no valid link.

    Of several API processes only one does so. `orders up` does it before the API starts.
    """
    link = new_secret()
    values = {"name": FIRST_USER, "link": digest(link), "lasts": LINK_LASTS, "again": False}
    while not stop.is_set():
        with suppress(DatabaseUnavailableError, StatementError):
            if await database.one_or_none(FIRST_LINK, values):
                logger.warning(
                    "set_first_password", user=FIRST_USER, at=f"{address}{LINK_PATH}{link}"
                )
            return
        await pause(_AGAIN_S, stop)
