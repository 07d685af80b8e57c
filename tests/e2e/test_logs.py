"""What the logs of a whole system hold."""

import contextlib
import json
import urllib.error
import urllib.request
import uuid

import pytest

from harness.stacks import EmbeddedStack
from harness.waiting import until
from harness.world import until_well

SECRET = "Secret Customer"
_FAILING = (
    f"INSERT INTO guarded (name) VALUES ('{SECRET}')",
    f"SELECT '{SECRET}'::int",
    f"SELECT '{SECRET}'::uuid",
    f"DO $$BEGIN RAISE EXCEPTION '{SECRET}'; END$$",
    f"DO $$BEGIN RAISE WARNING '\x1b[31m{SECRET}'; END$$",
    f'SELECT "{SECRET}"',
)


@pytest.fixture
def guarded(stack: EmbeddedStack) -> EmbeddedStack:
    """Give orders a CHECK and a trigger of their owner, and make a table with a CHECK."""
    stack.psql(
        f"CREATE TABLE IF NOT EXISTS guarded (name text CHECK (name <> '{SECRET}'));"
        "CREATE OR REPLACE FUNCTION object() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN IF NEW.product_name = 'no' THEN RAISE EXCEPTION 'not %', NEW USING ERRCODE = "
        "'45000'; END IF; RETURN NEW; END$$;"
        "CREATE OR REPLACE TRIGGER object BEFORE INSERT ON orders"
        " FOR EACH ROW EXECUTE FUNCTION object()"
    )
    return stack


def post(stack: EmbeddedStack, order: dict[str, str]) -> int:
    body = json.dumps(order).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{stack.edge}/api/orders", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def until_all_is_read(stack: EmbeddedStack) -> None:
    """Wait until the log has all that PostgreSQL and the API have said so far.

    A refusal leaves no line. The output of an API is at its end when another one has started.
    """
    marker, started = f"marker {uuid.uuid4()}", stack.log().count("api_started")
    stack.psql(f"DO $$BEGIN RAISE LOG '{marker}'; END$$")
    until(lambda: marker in stack.log(), what="the line of PostgreSQL")
    stack.restart("api")
    until(lambda: stack.log().count("api_started") > started, 30, "the line of another API")
    until_well(stack)


def test_no_row_contents_in_logs(guarded: EmbeddedStack) -> None:
    """Errors of any writer, of CHECKs, types and triggers, leave no contents in any log."""
    try:
        for statement in _FAILING:
            with contextlib.suppress(AssertionError):
                guarded.psql(statement)
        assert post(guarded, {"customer_name": SECRET, "product_name": "no"}) >= 400
        assert post(guarded, {"customer_name": SECRET, "product_name": "x", "quantity": "y"}) == 422
    finally:
        guarded.psql("DROP FUNCTION object CASCADE; DROP TABLE guarded")
    until_all_is_read(guarded)
    assert SECRET not in guarded.log()
    assert "\x1b" not in guarded.log()
