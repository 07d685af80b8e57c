"""A connection to a fresh database, and its events."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from harness.servers import Database

Sql = psycopg.Connection[tuple[Any, ...]]
Events = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def sql(database: Database) -> Iterator[Sql]:
    """Give a connection that commits each statement."""
    with database.connect() as connection:
        yield connection


@pytest.fixture
def take(sql: Sql) -> Callable[..., tuple[int, int, list[dict[str, Any]]] | None]:
    """Give a function that takes a batch: first, last, events; None when nothing waits."""

    def take_batch(limit: int = 1000) -> tuple[int, int, list[dict[str, Any]]] | None:
        row = sql.execute(
            "SELECT first, last, events FROM take_order_events(%s)", [limit]
        ).fetchone()
        return None if row is None else (row[0], row[1], json.loads(row[2]))

    return take_batch


@pytest.fixture
def events(take: Callable[..., Any]) -> Events:
    """Give a function that takes everything that waits and returns the events."""

    def take_all() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while batch := take():
            found += batch[2]
        return found

    return take_all
