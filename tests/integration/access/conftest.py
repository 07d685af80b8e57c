"""A system in token mode, one for all tests of a file."""

import json
import re
from collections.abc import Iterator

import pytest

from harness.guarded import OURS, Guarded
from harness.people import add_user
from harness.pipeline import Pipeline
from harness.servers import Postgres
from harness.signing import ASKING, SECRET, token
from harness.valkey import Valkey


@pytest.fixture(scope="module")
def guarded(postgres: Postgres) -> Iterator[Guarded]:
    """Start API, listener and gateway, all of which ask for tokens.

    Whatever they were asked, no log has a token, a name or a product in it.
    """
    valkey = Valkey()
    database = postgres.create_database()
    with Pipeline(database, valkey) as started:
        api = started.api(**ASKING, REQUESTS_BURST="100000", AUDIT_READS="true")
        started.listener().ready()
        gateway = started.gateway(
            **ASKING,
            API_URL=api.url,
            RING_MAX_EVENTS="50",
            CONFLATE_AFTER_EVENTS="1",
            SIGN_IN_WITHIN_S="1",
            HEARTBEAT_INTERVAL_S="0.2",
            PING_TIMEOUT_S="120",  # a slow client of a test reads nothing, and answers no ping
        ).ready()
        served = Guarded(started, api, gateway)
        yield served
        logs = served.logs()
        assert not re.search(r"eyJ[\w-]+\.eyJ", logs)
        for word in ("SECRET", "Laptop", SECRET, json.dumps(OURS)):
            assert word not in logs
    postgres.drop_database(database)
    valkey.stop()


@pytest.fixture(scope="module")
def system(guarded: Guarded) -> Guarded:
    """Add people to the system: Ann, who sees her orders only, and two admins."""
    database = guarded.pipeline.database
    add_user(database, "Ann", "clerk", {"customer_name": [OURS]})
    for name in ("boss", "leaver"):
        add_user(database, name, "admin")
    return guarded


@pytest.fixture
def _forgiven(system: Guarded) -> Iterator[None]:
    """Forget the failed attempts to sign in."""
    yield
    system.query("DELETE FROM order_sign_in_attempts")


@pytest.fixture
def ann() -> str:
    """Return an admin's token restricted to Ann's orders."""
    return token("admin", [OURS], subject="ann")


@pytest.fixture
def chief() -> str:
    """Return an unrestricted admin's token."""
    return token("admin", subject="chief")
