"""The cases of ``tests/vectors``, which clients in other languages run, too."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from orders_contract.filters import RowFilter
from orders_contract.schema import Table
from real_time_orders.book import OrderBook
from real_time_orders.errors import MalformedMessageError
from real_time_orders.items import Event, Place, Reset, SchemaChanged, Snapshot, parse_json, row_key
from real_time_orders.ordering import Ordering
from real_time_orders.protocol import (
    Action,
    Deliver,
    Live,
    Protocol,
    Proven,
    Reconnect,
    Refused,
    Renew,
    Send,
)

Json = dict[str, Any]

_FOLDER = Path(__file__).parents[2] / "vectors"


def cases(file: str) -> list[Any]:
    """Return the cases of a file as parameters with their names."""
    listed = parse_json((_FOLDER / file).read_text())
    return [pytest.param(case, id=case["name"]) for case in listed]


class Client:
    """The package's protocol and book, driven by the steps of a case."""

    def __init__(self, case: Json) -> None:
        self._keys = case.get("keys", {"orders": ["id"]})
        self.by_query = case.get("subscribes") == "by query"
        wanted = case.get("tables")
        self.protocol = Protocol(wanted)
        self.book = OrderBook(tables=wanted or {name: {} for name in self._keys})
        self.state = "connecting"
        if "snapshot" in case:
            self.load(case["snapshot"])

    def load(self, snapshot: Json) -> bool:
        """Load a snapshot into book and protocol; return whether the conversation goes on."""
        place = Place(snapshot["stream"], snapshot["position"])
        rows = {
            name: {row_key({column: row[column] for column in self._keys[name]}): row for row in of}
            for name, of in snapshot["rows"].items()
        }
        self.book.load(Snapshot(place, rows))
        return self.protocol.seek(place)

    def step(self, step: Json) -> Json:
        """Take one step; return what happened, in the words of the table."""
        told: Json = {"events": [], "proven": False, "renew": False, "snapshot": None, "send": None}
        if "snapshot" in step:
            self.state = "live" if self.load(step["snapshot"]) else "lost"
        else:
            try:
                actions = self.protocol.take(step["take"])
            except MalformedMessageError:
                actions = [Reconnect("malformed")]
            for action in actions:
                self._act(action, told)
        place = self.protocol.place
        told["state"] = self.state
        told["position"] = place and place.position
        told["stream"] = place and place.stream
        return told

    def _act(self, action: Action, told: Json) -> None:
        match action:
            case Deliver():
                for item in action.items:
                    self._take(item, told)
            case Live():
                self.state = "live"
            case Proven():
                told["proven"] = True
            case Renew():
                told["renew"] = True
            case Send():
                told["send"] = json.loads(action.text)
            case Reconnect():
                self.state = "lost"
            case Refused():
                self.state = "refused"

    def _take(self, item: object, told: Json) -> None:
        match item:
            case Event():
                told["events"].append(item.position)
                self.book.apply(item)
            case Reset():
                told["snapshot"] = item.reason
            case SchemaChanged():
                told["snapshot"] = told["snapshot"] or "schema"


@pytest.mark.parametrize("case", [*cases("following.json"), *cases("random.json")])
def test_messages_lead_to_rows_and_actions(case: Json) -> None:
    """I7: the reducer follows the table that every language shares."""
    client = Client(case)
    stream = case.get("snapshot", {}).get("stream")
    for number, step in enumerate(case["steps"]):
        if "connect" in step:
            asked = parse_qs(client.protocol.connect(by_query=client.by_query))
            query = {name: each for name, (each,) in asked.items()}
            if "subscribe" in query:
                query["subscribe"] = json.loads(query["subscribe"])
            assert query == step["connect"], f"step {number}"
            client.state = "connecting"
            continue
        then = dict(step["then"])
        told = client.step(step)
        stream = stream or step["take"].get("stream")
        rows = then.pop("rows", None)
        nothing = {"events": [], "proven": False, "renew": False, "snapshot": None, "send": None}
        then.setdefault("stream", None if then["position"] is None else stream)
        assert told == {**nothing, **then}, f"step {number}"
        if rows is not None:
            assert _listed(client.book.rows) == _listed(rows), f"step {number}"


def _listed(tables: Json) -> Json:
    """Return the rows of each table that has some, in one order."""
    listed = {
        name: list(rows.values() if isinstance(rows, dict) else rows)
        for name, rows in tables.items()
    }
    return {name: sorted(rows, key=repr) for name, rows in listed.items() if rows}


def row_cases() -> list[Any]:
    """Return the cases of ``rows.json`` with their tables; this client does not search."""
    tables = parse_json((_FOLDER / "rows.json").read_text())
    return [
        pytest.param(table, case, id=case["name"])
        for table in tables
        for case in table["cases"]
        if "search" not in case
    ]


@pytest.mark.parametrize(("of", "case"), row_cases())
def test_rows_match_and_are_ordered(of: Json, case: Json) -> None:
    """Filters and sorting follow the table that every language shares."""
    table = Table.model_validate({**of, "name": of["table"]})
    rows: dict[str, Json] = of["rows"]
    if "sort" in case:
        ordered = Ordering(table, case["sort"]).sorted(rows.values())
        assert [name for each in ordered for name in rows if rows[name] is each] == case["order"]
    else:
        matching = RowFilter.parse(table.name, case["filter"], table)
        assert [name for name in rows if matching.matches(rows[name])] == case["matches"]


@pytest.mark.parametrize("case", cases("digits.json"))
def test_digits_survive(case: Json) -> None:
    """I11: numbers that no double holds keep every digit."""
    row = parse_json(case["text"])
    assert {name: str(row[name]) for name in case["digits"]} == case["digits"]
