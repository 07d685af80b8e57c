"""Random histories of two tables with columns of every kind, as the database logs them."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from orders_contract.schema import Schema

Row = dict[str, Any]
State = dict[tuple[str, int], Row]

_VALUES: dict[str, list[Any]] = {
    "store": ["Berlin", "Rome", None],
    "status": ["pending", "shipped"],
    "amount": [1, 2, Decimal("12.50"), Decimal("12.5"), "NaN", None],
    "open": [True, False, None],
    "due": ["2026-11-22T11:00:00+00:00", "infinity", "0044-03-15T00:00:00+00:00 BC", None],
    "data": [{"a": [1]}, None],
}
_KINDS = {"store": "text", "status": "choice", "amount": "number", "open": "boolean"} | {
    "id": "integer",
    "parent": "integer",
    "due": "timestamp",
    "data": "json",
}


def _table(name: str, columns: list[str]) -> Row:
    return {
        "name": name,
        "schema": "public",
        "key": ["id"],
        "parent": None if name == "orders" else {"table": "orders", "column": "parent"},
        "columns": [
            {
                "name": column,
                "type": _KINDS[column],
                "kind": _KINDS[column],
                "nullable": True,
                "writable": True,
                "choices": _VALUES["status"] if column == "status" else None,
            }
            for column in columns
        ],
    }


TABLES = {
    "orders": ["id", *_VALUES],
    "lines": ["id", "parent", "store", "amount"],
    "notes": ["id", "parent", "data"],
}
SCHEMA = Schema.parse(
    {"version": "1", "tables": [_table(name, columns) for name, columns in TABLES.items()]}
)


@dataclass(frozen=True)
class Change:
    """One event, and the key of its row."""

    table: str
    key: int | None
    event: Row


@dataclass(frozen=True)
class History:
    """Changes 1, 2, 3, ..., and all rows before the first and after each."""

    changes: list[Change]
    states: list[State]

    @property
    def events(self) -> list[Row]:
        """The events without their keys."""
        return [change.event for change in self.changes]


@dataclass(frozen=True)
class _Step:
    operation: str
    table: str
    key: int
    values: Row

    def change(self, state: State, position: int) -> Change:
        """Change the state and return the event that the database logs."""
        at = (self.table, self.key)
        old = state.get(at)
        if self.operation == "TRUNCATE":
            for each in [each for each in state if each[0] == self.table]:
                del state[each]
            return self._event(position, "TRUNCATE", None, None)
        if old is not None and self.operation == "DELETE":
            del state[at]
            return self._event(position, "DELETE", None, old)
        columns = TABLES[self.table]
        new = {name: (old or self.values)[name] for name in columns if name in self.values}
        new = {"id": self.key, **new, **{k: v for k, v in self.values.items() if k in columns}}
        state[at] = new
        changed = None if old is None else {k: old[k] for k in old if repr(old[k]) != repr(new[k])}
        return self._event(position, "INSERT" if old is None else "UPDATE", new, changed)

    def _event(self, position: int, operation: str, row: Row | None, changed: Row | None) -> Change:
        ends = operation == "TRUNCATE"
        body: Row = {"order_id": None if ends else self.key, "order": row}
        if self.table != "orders":
            parent = (row or changed or {}).get("parent")
            body = {"order_id": parent, "key": None if ends else {"id": self.key}, "row": row}
        event = {
            "position": position,
            "table": self.table,
            "operation": operation,
            **body,
            "changed": changed,
            "actor": "somebody",
            "changed_at": "2026-11-22T11:12:52.70211+00:00",
        }
        return Change(self.table, None if ends else self.key, event)


_STEPS = st.builds(
    _Step,
    st.sampled_from(["UPDATE"] * 8 + ["DELETE", "DELETE", "TRUNCATE"]),
    st.sampled_from(sorted(TABLES)),
    st.sampled_from([1, 2]),
    st.fixed_dictionaries(
        {name: st.sampled_from(values) for name, values in _VALUES.items()}
        | {"parent": st.sampled_from([1, 2])}
    ),
)


def _history(steps: list[_Step]) -> History:
    state: State = {}
    states: list[State] = [{}]
    changes = []
    for position, step in enumerate(steps, start=1):
        changes.append(step.change(state, position))
        states.append(dict(state))
    return History(changes, states)


def histories(min_size: int = 0) -> st.SearchStrategy[History]:
    """Return random histories of a few rows."""
    return st.lists(_STEPS, min_size=min_size, max_size=30).map(_history)


def _conditions(table: str) -> st.SearchStrategy[Row]:
    lists = {
        name: st.lists(st.sampled_from(_VALUES[name]), min_size=1, max_size=2)
        for name in TABLES[table]
        if name in _VALUES and name != "data"
    }
    lists["id"] = st.lists(st.sampled_from([1, 2]), min_size=1, max_size=2)
    ranges = {
        "amount": st.sampled_from([{"gte": 2}, {"lt": 12.5, "not": 1}, {"not": None}]),
        "due": st.sampled_from([{"gt": "2000-01-01"}, {"not": ["infinity", None]}]),
        "store": st.sampled_from([{"gte": "C"}, {"not": "Berlin"}, {"not": None}]),
    }
    return st.fixed_dictionaries(
        {},
        optional={
            name: lists[name] | ranges[name] if name in ranges else lists[name] for name in lists
        },
    )


def subscriptions() -> st.SearchStrategy[dict[str, Row] | None]:
    """Return the tables and conditions of random subscriptions; None for everything."""
    tables = st.fixed_dictionaries({}, optional={name: _conditions(name) for name in TABLES})
    return st.none() | tables.filter(bool)


def scopes() -> st.SearchStrategy[dict[str, list[Any]]]:
    """Return the rows that random tokens are restricted to."""
    columns: dict[str, st.SearchStrategy[list[Any]]] = {
        "store": st.lists(st.sampled_from(["Berlin", "Rome"]), max_size=1),
        "open": st.just([True]),
        "amount": st.lists(st.sampled_from([1, 12.5]), max_size=2),
    }
    return st.fixed_dictionaries({}, optional=columns).filter(bool)
