"""What must hold: the log replayed is the table, and everyone saw what the log says. Pure."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from prove.ledger import Fact

Row = dict[str, Any]
LogRow = tuple[int, str, int | None, str | None, str | None, str | None]
"""Position, operation, order, new row, changed, actor."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a client was told at a position, and how much it was to be told."""

    position: int
    fact: Fact
    partial: bool
    """It has a filter, or a token for some customers only."""
    conflated: bool

    def agrees(self, logged: Fact) -> bool:
        """Tell whether this is what the log's fact looks like to the client."""
        if self.fact == logged:
            return True
        # A client that may not see an order is told that it left, whatever became of it: by an
        # update, or when it is told in one frame of many changes also by a deletion and the like.
        left = self.fact == ("LEAVE", logged[1], None) and logged[1] is not None
        return left and self.partial and (self.conflated or logged[0] == "UPDATE")


class Replay:
    """``order_events`` applied one by one, with an eye on every rule an event has to obey."""

    def __init__(self) -> None:
        """Begin before position 1."""
        self.position = 0
        self.table: dict[int, Row] = {}
        self.facts: list[Fact] = [("", None, None)]
        """What each position is about; position 0 is nothing."""
        self.by_actor: dict[str, list[Fact]] = {}
        self.tagged: dict[str, int] = {}
        """How many INSERTs named a product like this, of those without an actor of a writer."""
        self.findings: list[str] = []

    def apply(self, rows: Iterable[LogRow]) -> None:
        """Take in what follows."""
        for position, operation, order_id, order, changed, actor in rows:
            if position != self.position + 1:
                self.findings.append(f"I2: the log goes from {self.position} to {position}")
                while len(self.facts) < position:
                    self.facts.append(("", None, None))
            self.position = position
            new = None if order is None else json.loads(order)
            old = None if changed is None else json.loads(changed)
            problem = self._change(operation, order_id, new, old)
            if problem is not None:
                self.findings.append(f"I1: event {position}, {operation} {order_id}: {problem}")
            fact = (operation, order_id, None if new is None else new["version"])
            self.facts.append(fact)
            self._attribute(actor, fact, new)

    def _attribute(self, actor: str | None, fact: Fact, new: Row | None) -> None:
        if actor is not None and actor.startswith("writer"):
            self.by_actor.setdefault(actor, []).append(fact)
        elif fact[0] == "INSERT" and new is not None:
            tag = new["product_name"]
            self.tagged[tag] = self.tagged.get(tag, 0) + 1
        else:
            self.findings.append(f"I1: {fact} by {actor}, which nobody made")

    def _change(
        self, operation: str, order_id: int | None, new: Row | None, old: Row | None
    ) -> str | None:
        """Change the table; return what is wrong with the event, if anything."""
        if operation == "TRUNCATE":
            self.table.clear()
            return None if order_id is None else "an order's"
        assert order_id is not None, operation
        before = self.table.pop(order_id, None)
        if operation == "DELETE":
            return None if old == before else f"shows {old!r:.200}, was {before!r:.200}"
        assert new is not None, operation
        self.table[order_id] = new
        if operation == "INSERT":
            fresh = before is None and new["version"] == 1
            return None if fresh else f"version {new['version']}, before was {before!r:.200}"
        return _explain_update(before, new, old)

    def contradiction(self, seen: Sighting) -> str | None:
        """Return how what a client saw differs from the log; None if it does not."""
        what = f"saw {seen.fact} at {seen.position}"
        if seen.position >= len(self.facts):
            return f"{what}; the log ends at {self.position}"
        logged = self.facts[seen.position]
        return None if seen.agrees(logged) else f"{what}; the log has {logged}"


def _explain_update(before: Row | None, new: Row, old: Row | None) -> str | None:
    if before is None:
        return "the order did not exist"
    if new["version"] != before["version"] + 1:
        return f"version {new['version']} after {before['version']}"
    expected = {
        key: value
        for key, value in before.items()
        if value != new[key] and key not in {"version", "updated_at"}
    }
    return None if expected == (old or {}) else f"changed is {old!r:.200}, was {expected!r:.200}"


def difference(have: dict[int, Row], want: dict[int, Row]) -> str | None:
    """Say how two tables differ; None if they do not."""
    if have == want:
        return None
    extra, missing = sorted(have.keys() - want.keys()), sorted(want.keys() - have.keys())
    wrong = sorted(key for key in have.keys() & want.keys() if have[key] != want[key])
    shown = [f"; order {key}: {_brief(have[key])}, not {_brief(want[key])}" for key in wrong[:1]]
    return (
        f"{len(have)} orders instead of {len(want)}: {len(missing)} missing {missing[:5]},"
        f" {len(extra)} too many {extra[:5]}, {len(wrong)} wrong {wrong[:5]}" + "".join(shown)
    )


def _brief(row: Row) -> dict[str, Any]:
    return {key: row[key] for key in ("version", "status", "quantity")}
