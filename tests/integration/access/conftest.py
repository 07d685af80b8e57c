"""A system that asks for tokens: one for all tests of a file."""

from collections.abc import Iterator

import pytest

from guarded import OURS, Guarded
from pipeline import Pipeline
from servers import Postgres, Valkey
from tokens import ASKING, token


@pytest.fixture(scope="module")
def guarded(postgres: Postgres) -> Iterator[Guarded]:
    """Start API, listener and gateway, all of which ask for tokens."""
    valkey = Valkey()
    database = postgres.create_database()
    with Pipeline(database, valkey) as started:
        api = started.api(**ASKING, REQUESTS_BURST="100000")
        started.listener().ready()
        gateway = started.gateway(
            **ASKING,
            API_URL=api.url,
            RING_MAX_EVENTS="50",
            CONFLATE_AFTER_EVENTS="1",
            SIGN_IN_WITHIN_S="1",
            HEARTBEAT_INTERVAL_S="0.2",
        ).ready()
        yield Guarded(started, api, gateway)
    postgres.drop_database(database)
    valkey.stop()


@pytest.fixture
def ann() -> str:
    """Give a token for Ann's orders, with every right there is."""
    return token("admin", [OURS], subject="ann")


@pytest.fixture
def chief() -> str:
    """Give a token for everything."""
    return token("admin", subject="chief")
