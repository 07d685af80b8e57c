"""The rules: the log replayed is the tables, and every client saw what the log has. Pure.

Whole rows are compared, with every digit. The schema may change on the way: the owner's own
readings (``prove.ddl``) tell what a table was before and after each change.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

from prove.exact import Digest, Row, Table, digest, parse, plain
from prove.ledger import Fact
from prove.tables import KEYS, ORDERS, STOCK, key_of

LogRow = tuple[int, str, str, int | None, str | None, str | None, str | None, str | None]
"""Position, table, operation, order, key, new row, changed, actor."""
_OWNER, _PARTITIONS = "owner", "partitions"


class Change(Protocol):
    """A change of the schema, and its table before and after it."""

    @property
    def statement(self) -> str:
        """The statement."""

    @property
    def table(self) -> str:
        """The name of the table."""

    @property
    def before(self) -> Table | None:
        """The table before; None if it was not watched."""

    @property
    def after(self) -> Table | None:
        """The table after; None if it is not watched."""


@dataclass(frozen=True, slots=True)
class Logged:
    """An event of the log at a position; rows as digests."""

    fact: Fact
    row: Digest
    changed: Digest


NOTHING = digest(None)
_MISSING = Logged(("", "", None, None), NOTHING, NOTHING)


@dataclass(frozen=True, slots=True)
class Sighting:
    """An event that a client received, and how much of the stream the client asked for."""

    position: int
    fact: Fact
    row: Digest
    changed: Digest
    partial: bool
    """Whether the client has a filter, or a token for some rows only."""
    conflated: bool
    by_value: bool
    """The client does not keep the zeros at the end of numbers."""

    def agrees(self, logged: Logged) -> bool:
        """Return whether this is what the event in the log looks like to the client."""
        if self.fact == logged.fact:
            # A client that may not see the row's past gets the event without ``changed``.
            hidden = self.partial and self.changed == NOTHING
            past = hidden or self._same(self.changed, logged.changed)
            return self._same(self.row, logged.row) and (past or self.conflated)
        # A row that a client may no longer see arrives as LEAVE: after an UPDATE, or in a frame of
        # many changes also after a DELETE and the like.
        table, operation, key, _ = logged.fact
        left = self.fact == (table, "LEAVE", key, None) and key is not None
        return left and self.partial and (self.conflated or operation == "UPDATE")

    def _same(self, mine: Digest, logged: Digest) -> bool:
        return mine.by_value == logged.by_value if self.by_value else mine == logged


class Replay:
    """``order_events`` applied one by one, and every rule that an event has to obey."""

    def __init__(self, changes: Mapping[str, Change] | None = None) -> None:
        """Start before position 1. ``changes`` of the schema have the actors of their marks."""
        self._changes: Mapping[str, Change] = {} if changes is None else changes
        self.position = 0
        self.tables: dict[str, Table] = {name: {} for name in KEYS}
        """The rows of every watched table."""
        self.earlier: dict[tuple[str, Hashable], list[Row]] = {}
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
        other.tables = {name: dict(table) for name, table in self.tables.items()}
        other.earlier = dict(self.earlier)
        other.logged = list(self.logged)
        other.by_actor = {actor: list(facts) for actor, facts in self.by_actor.items()}
        other.tagged = dict(self.tagged)
        return other

    def apply(self, rows: Iterable[LogRow]) -> None:
        """Apply the next rows of the log."""
        for position, table, operation, order_id, key_text, row, changed, actor in rows:
            if position != self.position + 1:
                self.findings.append(f"I2: the log goes from {self.position} to {position}")
                self.logged += [_MISSING] * (position - len(self.logged))
            self.position = position
            if actor is not None and actor.startswith(_OWNER):
                self._alter(actor)
            new = None if row is None else parse(row)
            old = None if changed is None else parse(changed)
            key = order_id if table == ORDERS else _key(table, key_text)
            problem = _mislabelled(table, order_id, key, new) or self._change(
                table, operation, key, new, old
            )
            if problem is not None:
                what = f"{operation} of {table} {key}"
                self.findings.append(f"I1: event {position}, {what}: {problem}")
            fact = (table, operation, key, None if new is None else new.get("version"))
            self.logged.append(Logged(fact, digest(new), digest(old)))
            self._attribute(actor, fact, new)

    def renderings(self, table: str, key: Hashable) -> list[Row]:
        """Return a row as it is, and as it was before changes of the schema."""
        return [self.tables[table][key], *self.earlier.get((table, key), ())]

    def _alter(self, actor: str) -> None:
        """Go on with the table that the owner read after a change of the schema."""
        change = self._changes.get(actor)
        if change is None:
            self.findings.append(f"I10: the log has a change by {actor}, which no writer made")
            return
        table = self.tables.pop(change.table, None)
        if change.before is None or table is None:
            if table is not change.before:
                self.findings.append(f"I10: at {change.statement!r} the log and its owner disagree")
        elif (problem := difference(table, change.before)) is not None:
            self.findings.append(f"I10: the log replayed before {change.statement!r}: {problem}")
        if change.after is None:
            return
        for key, row in change.after.items():
            known = (table or {}).get(key)
            if known is not None and known != row:
                self.earlier.setdefault((change.table, key), []).append(known)
        self.tables[change.table] = dict(change.after)

    def _attribute(self, actor: str | None, fact: Fact, new: Row | None) -> None:
        if actor is not None and actor.startswith("writer"):
            self.by_actor.setdefault(actor, []).append(fact)
        elif actor is not None and actor.startswith(_OWNER):
            return
        elif fact[0] == STOCK and actor in {None, _PARTITIONS}:
            return  # rows that came or left with a partition; the table is compared with them
        elif fact[:2] == (ORDERS, "INSERT") and new is not None:
            tag = new["product_name"]
            self.tagged[tag] = self.tagged.get(tag, 0) + 1
        else:
            self.findings.append(f"I1: {fact} by {actor}, which no writer made")

    def _change(
        self, name: str, operation: str, key: Hashable, new: Row | None, old: Row | None
    ) -> str | None:
        """Change the table; return what is wrong with the event, if anything."""
        table = self.tables.get(name)
        if table is None:
            return None if operation == "INSERT" else "the table is not watched"
        if operation == "TRUNCATE":
            table.clear()
            self.earlier = {each: rows for each, rows in self.earlier.items() if each[0] != name}
            return None if key is None else "has a key"
        assert key is not None, operation
        before = table.pop(key, None)
        self.earlier.pop((name, key), None)
        if operation == "DELETE":
            return None if old == before else f"shows {old!r:.200}, was {before!r:.200}"
        assert new is not None, operation
        table[key] = new
        if operation == "INSERT":
            # A row of stock that was given another key goes on with the version it had.
            fresh = before is None and old is None and (name == STOCK or new.get("version", 1) == 1)
            return None if fresh else f"version {new.get('version')}, before was {before!r:.200}"
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


def _key(table: str, text: str | None) -> Hashable:
    if text is None or table not in KEYS:
        return text
    return key_of(table, parse(text))


def _mislabelled(table: str, order_id: int | None, key: Hashable, new: Row | None) -> str | None:
    """Return how an event's key or order differs from those of its row; None if they do not."""
    if table not in KEYS or new is None:
        return None if table in KEYS else "no such table"
    order = new["id"] if table == ORDERS else new.get("order_id")
    fits = key == key_of(table, new) and order_id == order
    return None if fits else f"order {order_id}, the row is {new!r:.200}"


def _explain_update(before: Row | None, new: Row, old: Row | None) -> str | None:
    if before is None:
        return "the row did not exist"
    if "version" in new and new["version"] != before["version"] + 1:
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


def difference_of_client(
    have: Table, replay: Replay, name: str, wanted: Iterable[Hashable]
) -> str | None:
    """Say how a client's rows differ from those of the log, as the client can represent them."""
    want = {key: replay.tables[name][key] for key in wanted}

    def differs(key: Hashable) -> bool:
        shown = plain(have[key])
        return all(plain(each) != shown for each in replay.renderings(name, key))

    return _told(have, want, lambda _have, _want, key: differs(key))


def _differs(have: Table, want: Table, key: Hashable) -> bool:
    return have[key] != want[key]


def _told(have: Table, want: Table, differs: Any) -> str | None:
    extra, missing = sorted(have.keys() - want.keys()), sorted(want.keys() - have.keys())
    wrong = sorted(key for key in have.keys() & want.keys() if differs(have, want, key))
    if not (extra or missing or wrong):
        return None
    shown = [f"; row {key}: {_brief(have[key], want[key])}" for key in wrong[:1]]
    return (
        f"{len(have)} rows instead of {len(want)}: {len(missing)} missing {missing[:5]},"
        f" {len(extra)} too many {extra[:5]}, {len(wrong)} wrong {wrong[:5]}" + "".join(shown)
    )


def _brief(have: Row, want: Row) -> str:
    """Return the columns of two rows that differ."""
    columns = sorted(have.keys() | want.keys())
    pairs = {key: (have.get(key, "(none)"), want.get(key, "(none)")) for key in columns}
    return f"{ {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}!r:.400}"
