"""People who sign in with a password, as their browsers do."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
from psycopg.types.json import Json

from harness.servers import Database
from harness.waiting import BUSY
from orders_access import passwords
from orders_access.credentials import session_cookie

PASSWORD = "three-lamps-and-a-desk"
"""The password of every user that a test makes."""
_HASH = passwords.hashed(PASSWORD)


def add_user(
    database: Database, name: str, role: str = "clerk", rows: Mapping[str, list[Any]] | None = None
) -> None:
    """Make a user whose password is PASSWORD."""
    with database.connect() as connection:
        connection.execute(
            "INSERT INTO order_users (name, role, rows, password_hash) VALUES (%s, %s, %s, %s)",
            [name, role, None if rows is None else Json(rows), _HASH],
        )


def block_for_long(database: Database) -> None:
    """Let everyone who must wait before the next attempt to sign in wait for a minute."""
    with database.connect() as connection:
        connection.execute(
            "UPDATE order_sign_in_attempts SET blocked_until = now() + interval '1 minute'"
            " WHERE blocked_until > last_at"
        )


def page(address: str, **headers: str) -> httpx.Client:
    """Return a client like a page of this system: it keeps cookies and sends its origin."""
    said = {"Origin": address, "Sec-Fetch-Site": "same-origin", "User-Agent": "Firefox", **headers}
    return httpx.Client(base_url=address, headers=said, timeout=30 * BUSY)


def sign_in(client: httpx.Client, name: str, password: str = PASSWORD) -> httpx.Response:
    """Sign in as the page does."""
    return client.post("/api/session", json={"name": name, "password": password})


@contextmanager
def signed_in(address: str, name: str) -> Iterator[httpx.Client]:
    """Yield a page whose user has signed in."""
    with page(address) as client:
        answer = sign_in(client, name)
        assert answer.status_code == 201, answer.text
        yield client


def secret(client: httpx.Client) -> str:
    """Return the secret of a page's session."""
    (cookie,) = client.cookies.jar
    assert cookie.value is not None
    return cookie.value


def shown_to(gateway: str, session: str) -> dict[str, str]:
    """Return the headers that a page sends to a gateway with a session: cookie and origin."""
    host = urlsplit(gateway).netloc
    name = session_cookie(host, over_https=False)
    return {"Cookie": f"{name}={session}", "Origin": f"http://{host}"}
