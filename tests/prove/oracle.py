"""The rules: the log replayed is the table, and every client saw what the log has. Pure.

Whole rows are compared, with every digit. The schema may change on the way: the owner's own
readings (``prove.ddl``) tell what the table was before and after each change.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

from prove.exact import Row, Table, digest, parse, plain
from prove.ledger import Fact

LogRow = tuple[int, str, int | None, str | None, str | None, str | None]
"""Position, operation, order, new row, changed, actor."""
_OWNER = "owner"


class Change(Protocol):
    """A change of the schema, and the table before and after it."""

    @property
    def statement(self) -> str:
        """The statement."""

    @property
    def before(self) -> Table:
        """The table before."""

    @property
    def after(self) -> Table:
        """The table after."""


@dataclass(frozen=True, slots=True)
class Logged:
    """An event of the log at a position; rows as digests."""

    fact: Fact
    row: int
    changed: int


NOTHING = digest(None)
_MISSING = Logged(("", None, None), NOTHING, NOTHING)


@dataclass(frozen=True, slots=True)
class Sighting:
    """An event that a client received, and how much of the stream the client asked for."""

    position: int
    fact: Fact
    row: int
    changed: int
    partial: bool
    """It has a filter, or a token for some rows only."""
    conflated: bool

    def agrees(self, logged: Logged) -> bool:
        """Return whether this is what the event in the log looks like to the client."""
        if self.fact == logged.fact:
            # A client that may not see the row's past gets the event without ``changed``.
            past = self.changed == logged.changed or (self.partial and self.changed == NOTHING)
            return self.row == logged.row and (past or self.conflated)
        # A row that a client may no longer see arrives as LEAVE: after an UPDATE, or in a frame of
        # many changes also after a DELETE and the like.
        operation, order_id, _ = logged.fact
        left = self.fact == ("LEAVE", order_id, None) and order_id is not None
        return left and self.partial and (self.conflated or operation == "UPDATE")


class Replay:
    """``order_events`` applied one by one, and every rule that an event has to obey."""

    def __init__(self, changes: Mapping[str, Change] | None = None) -> None:
        """Start before position 1. ``changes`` of the schema have the actors of their marks."""
        self._changes: Mapping[str, Change] = {} if changes is None else changes
        self.position = 0
        self.table: Table = {}
        self.earlier: dict[int, list[Row]] = {}
        """Renderings of a row since its last event, from before later changes of the schema."""
        self.logged: list[Logged] = [_MISSING]
        """The log by position; position 0 is a placeholder."""
        self.by_actor: dict[str, list[Fact]] = {}
        self.tagged: dict[str, int] = {}
        """How many orders were inserted through the API, by product name."""
        self.findings: list[str] = []

    def copy(self) -> Self:
        """Return an independent copy."""
        other = type(self)(self._changes)
        other.position = self.position
        other.table = dict(self.table)
        other.earlier = dict(self.earlier)
        other.logged = list(self.logged)
        other.by_actor = {actor: list(facts) for actor, facts in self.by_actor.items()}
        other.tagged = dict(self.tagged)
        return other

    def apply(self, rows: Iterable[LogRow]) -> None:
        """Apply the next rows of the log."""
        for position, operation, order_id, order, changed, actor in rows:
            if position != self.position + 1:
                self.findings.append(f"I2: the log goes from {self.position} to {position}")
                self.logged += [_MISSING] * (position - len(self.logged))
            self.position = position
            if actor is not None and actor.startswith(_OWNER):
                self._alter(actor)
            new = None if order is None else parse(order)
            old = None if changed is None else parse(changed)
            problem = self._change(operation, order_id, new, old)
            if problem is not None:
                self.findings.append(f"I1: event {position}, {operation} {order_id}: {problem}")
            fact = (operation, order_id, None if new is None else new["version"])
            self.logged.append(Logged(fact, digest(new), digest(old)))
            self._attribute(actor, fact, new)

    def renderings(self, order_id: int) -> list[Row]:
        """Return the row of an order as it is, and as it was before changes of the schema."""
        return [self.table[order_id], *self.earlier.get(order_id, ())]

    def _alter(self, actor: str) -> None:
        """Go on with the table that the owner read after a change of the schema."""
        change = self._changes.get(actor)
        if change is None:
            self.findings.append(f"I10: the log has a change by {actor}, which no writer made")
            return
        if (problem := difference(self.table, change.before)) is not None:
            self.findings.append(f"I10: the log replayed before {change.statement!r}: {problem}")
        for order_id, row in change.after.items():
            known = self.table.get(order_id)
            if known is not None and known != row:
                self.earlier.setdefault(order_id, []).append(known)
        self.table = dict(change.after)

    def _attribute(self, actor: str | None, fact: Fact, new: Row | None) -> None:
        if actor is not None and actor.startswith("writer"):
            self.by_actor.setdefault(actor, []).append(fact)
        elif actor is not None and actor.startswith(_OWNER):
            return
        elif fact[0] == "INSERT" and new is not None:
            tag = new["product_name"]
            self.tagged[tag] = self.tagged.get(tag, 0) + 1
        else:
            self.findings.append(f"I1: {fact} by {actor}, which no writer made")

    def _change(
        self, operation: str, order_id: int | None, new: Row | None, old: Row | None
    ) -> str | None:
        """Change the table; return what is wrong with the event, if anything."""
        if operation == "TRUNCATE":
            self.table.clear()
            self.earlier.clear()
            return None if order_id is None else "an order's"
        assert order_id is not None, operation
        before = self.table.pop(order_id, None)
        self.earlier.pop(order_id, None)
        if operation == "DELETE":
            return None if old == before else f"shows {old!r:.200}, was {before!r:.200}"
        assert new is not None, operation
        self.table[order_id] = new
        if operation == "INSERT":
            fresh = before is None and new["version"] == 1 and old is None
            return None if fresh else f"version {new['version']}, before was {before!r:.200}"
        return _explain_update(before, new, old)

    def contradiction(self, seen: Sighting) -> str | None:
        """Return how what a client saw differs from the log; None if it does not."""
        what = f"saw {seen.fact} at {seen.position}"
        if seen.position >= len(self.logged):
            return f"{what}; the log ends at {self.position}"
        logged = self.logged[seen.position]
        if seen.agrees(logged):
            return None
        same = " with another row or other old values" if seen.fact == logged.fact else ""
        return f"{what}; the log has {logged.fact}{same}"


def _explain_update(before: Row | None, new: Row, old: Row | None) -> str | None:
    if before is None:
        return "the order did not exist"
    if new["version"] != before["version"] + 1:
        return f"version {new['version']} after {before['version']}"
    if new.keys() != before.keys():
        return f"columns {sorted(new)}, were {sorted(before)}"
    expected = {
        key: value
        for key, value in before.items()
        if value != new[key] and key not in {"version", "updated_at"}
    }
    return None if expected == (old or {}) else f"changed is {old!r:.300}, was {expected!r:.300}"


def difference(have: Table, want: Table) -> str | None:
    """Say how two tables differ, with every digit; None if they do not."""
    return None if have == want else _told(have, want, _differs)


def difference_of_client(have: Table, replay: Replay, wanted: Iterable[int]) -> str | None:
    """Say how a client's rows differ from those of the log, as the client can represent them."""
    want = {order_id: replay.table[order_id] for order_id in wanted}

    def differs(order_id: int) -> bool:
        shown = plain(have[order_id])
        return all(plain(each) != shown for each in replay.renderings(order_id))

    return _told(have, want, lambda _have, _want, order_id: differs(order_id))


def _differs(have: Table, want: Table, order_id: int) -> bool:
    return have[order_id] != want[order_id]


def _told(have: Table, want: Table, differs: Any) -> str | None:
    extra, missing = sorted(have.keys() - want.keys()), sorted(want.keys() - have.keys())
    wrong = sorted(key for key in have.keys() & want.keys() if differs(have, want, key))
    if not (extra or missing or wrong):
        return None
    shown = [f"; order {key}: {_brief(have[key], want[key])}" for key in wrong[:1]]
    return (
        f"{len(have)} orders instead of {len(want)}: {len(missing)} missing {missing[:5]},"
        f" {len(extra)} too many {extra[:5]}, {len(wrong)} wrong {wrong[:5]}" + "".join(shown)
    )


def _brief(have: Row, want: Row) -> str:
    """Return the columns of two rows that differ."""
    columns = sorted(have.keys() | want.keys())
    pairs = {key: (have.get(key, "(none)"), want.get(key, "(none)")) for key in columns}
    return f"{ {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}!r:.400}"
