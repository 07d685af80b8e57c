"""The owner of the databases of tests, and the roles of the services."""

import base64
import hashlib
import hmac

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

OWNER = "orders"
API_ROLE, LISTENER_ROLE = "orders_api", "orders_listener"
"""Roles of the services, with the least privileges; they share the owner's password."""
PASSWORD = "orders-test"


def create_roles(administrator: psycopg.Connection[TupleRow]) -> None:
    """Create the owner and the roles of the services."""
    for role in (OWNER, API_ROLE, LISTENER_ROLE):
        administrator.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                sql.Identifier(role), sql.Literal(_verifier(PASSWORD))
            )
        )
    administrator.execute(
        sql.SQL("GRANT {}, {} TO {}").format(*map(sql.Identifier, (API_ROLE, LISTENER_ROLE, OWNER)))
    )


def _verifier(password: str) -> str:
    """Return a password as PostgreSQL stores it, but with 1 round of hashing instead of 4096.

    Tests log in thousands of times, and PostgreSQL 15 has no setting for the rounds.
    """
    salt = b"of the tests"
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations=1)
    client, server = (
        hmac.digest(salted, name, "sha256") for name in (b"Client Key", b"Server Key")
    )
    stored = hashlib.sha256(client).digest()
    shown = [base64.b64encode(each).decode() for each in (salt, stored, server)]
    return "SCRAM-SHA-256$1:{}${}:{}".format(*shown)
