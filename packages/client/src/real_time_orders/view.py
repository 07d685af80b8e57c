"""The rows of a live table in order, with their children and with unanswered writes. Pure."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orders_contract.schema import ORDERS
from real_time_orders.book import OrderBook
from real_time_orders.items import Event, Row, Snapshot, row_key
from real_time_orders.ordering import Ordering

MOST_SPARE = 200
"""Rows beyond the limit that are kept, so that a removed row is replaced without a request."""


_Child = tuple[str, Hashable]
"""A child row: its table and key."""


@dataclass(slots=True, eq=False)
class Edit:
    """An unanswered write: the changed columns, or None for a removal.

    ``version`` is the row's new version once the server has accepted the write.
    """

    key: Hashable
    changes: Mapping[str, Any] | None
    version: int | None = None


class View(OrderBook):
    """A book of one table of which the first ``limit`` rows in order are shown.

    It holds every matching row up to a boundary, and none beyond it. ``include`` names child
    tables of orders; their rows are kept if their order is.
    """

    def __init__(
        self,
        table: str,
        filter: Mapping[str, Any] | None = None,  # noqa: A002  the protocol's word for it
        *,
        sort: str = "",
        limit: int | None = None,
        include: Sequence[str] = (),
    ) -> None:
        if include and table != ORDERS:
            raise ValueError("only orders have children")
        if limit is not None and limit < 1:
            raise ValueError("limit must be 1 or more")
        super().__init__(tables={table: filter or {}, **{name: {} for name in include}})
        self.table = table
        self.sort = sort
        self.limit = limit
        self.include = tuple(include)
        self.incomplete: set[Hashable] = set()
        """Keys of rows that came by an event, so that their children are not known."""
        self._ordering: Ordering | None = None
        self._boundary: Any = None
        """Rank of the last known row; None if all matching rows are known."""
        self._parents: dict[_Child, Hashable] = {}
        self._children: dict[Hashable, set[_Child]] = {}
        """The child rows of each order."""
        self._edits: list[Edit] = []
        self._answers: dict[Hashable, Row] = {}
        """Rows from answers and conflicts that the stream has not shown yet."""
        self._shown: list[Row] | None = None

    @property
    def wanted(self) -> int | None:
        """How many rows a snapshot should have."""
        return None if self.limit is None else self.limit + min(self.limit, MOST_SPARE)

    @property
    def is_short(self) -> bool:
        """Whether a snapshot is needed: fewer rows are known than ``limit``, and more exist."""
        known = len(self.rows[self.table])
        return self._boundary is not None and self.limit is not None and known < self.limit

    @property
    def shown(self) -> list[Row]:
        """The rows in order; orders have a list for each child table."""
        if self._shown is None:
            ordered = self._ordering.sorted(self._edited()) if self._ordering is not None else []
            self._shown = self._with_children(ordered[: self.limit])
        return self._shown

    @property
    def key(self) -> Sequence[str] | None:
        """The columns of the primary key; None while there are no rows."""
        return None if self._ordering is None else self._ordering.key

    # --- what the server sends -------------------------------------------------------------------

    def load(self, snapshot: Snapshot) -> None:
        """Replace all rows by those of a snapshot."""
        super().load(snapshot)
        assert snapshot.schema is not None, "fetched with it"  # noqa: S101  for the type checker
        self._ordering = Ordering(snapshot.schema.tables[self.table], self.sort)
        self._boundary = None
        if snapshot.has_more:
            ranks = [self._ordering.rank(row) for row in self.rows[self.table].values()]
            self._boundary = max(ranks, default=None)
        self._parents, self._children = {}, {}
        self.incomplete = set()
        self.adopt(snapshot)
        self._edits = [edit for edit in self._edits if edit.version is None]
        self._answers.clear()

    def adopt(self, snapshot: Snapshot) -> None:
        """Add the children in a snapshot; the snapshot's rows are no longer incomplete."""
        for name in self.include:
            for key, row in snapshot.rows.get(name, {}).items():
                self.rows[name][key] = row
                self._link((name, key), row[snapshot.parents[name]])
        self.incomplete -= snapshot.rows.get(self.table, {}).keys()
        self._shown = None

    def apply(self, event: Event) -> bool:
        """Apply the next event of the stream; return False if it was included already."""
        key = None if event.key is None else row_key(event.key)
        was_known = key in self.rows[self.table]
        if not super().apply(event):
            return False
        self._shown = None
        if event.table != self.table:
            self._place_child(event, key)
            return True
        if event.operation == "TRUNCATE":
            self._boundary = None
            for order in list(self._children):
                self._drop_children(order)
            self.incomplete.clear()
        elif key is not None:
            self._settle(key)
            row = self.rows[self.table].get(key)
            if row is not None and self._is_beyond(row):
                row = self.rows[self.table].pop(key)
            if key not in self.rows[self.table]:
                self._drop_children(key)
            elif self.include and not was_known and event.operation != "INSERT":
                self.incomplete.add(key)
        return True

    def trim(self) -> None:
        """Drop rows far beyond the limit; called from time to time."""
        rows, wanted = self.rows[self.table], self.wanted
        if wanted is None or len(rows) <= wanted + MOST_SPARE or self._ordering is None:
            return
        ordered = sorted(rows, key=lambda key: self._rank(rows[key]))
        self._boundary = self._rank(rows[ordered[wanted - 1]])
        for key in ordered[wanted:]:
            del rows[key]
            self._drop_children(key)

    def _rank(self, row: Row) -> Any:
        assert self._ordering is not None, "loaded"  # noqa: S101  for the type checker
        return self._ordering.rank(row)

    def _is_beyond(self, row: Row) -> bool:
        if self._boundary is None or self._ordering is None:
            return False
        return bool(self._rank(row) > self._boundary)

    def _place_child(self, event: Event, key: Hashable) -> None:
        """Keep a child row if its order is kept; otherwise drop it."""
        if event.operation == "TRUNCATE":
            for child in [each for each in self._parents if each[0] == event.table]:
                self._unlink(child)
            return
        if event.table not in self.rows:
            return
        self._unlink((event.table, key))
        if event.row is not None and event.order_id in self.rows[self.table]:
            self._link((event.table, key), event.order_id)
        else:
            self.rows[event.table].pop(key, None)

    def _link(self, child: _Child, order: Hashable) -> None:
        self._unlink(child)
        self._parents[child] = order
        self._children.setdefault(order, set()).add(child)

    def _unlink(self, child: _Child) -> None:
        order = self._parents.pop(child, None)
        if order in self._children:
            self._children[order].discard(child)

    def _drop_children(self, order: Hashable) -> None:
        self.incomplete.discard(order)
        for name, key in self._children.pop(order, ()):
            self.rows[name].pop(key, None)
            self._parents.pop((name, key), None)

    # --- unanswered writes -----------------------------------------------------------------------

    def begin(self, edit: Edit) -> None:
        """Show a write before the server has accepted it."""
        self._edits.append(edit)
        self._shown = None

    def known(self, key: Hashable) -> Row | None:
        """Return the newest known row: from the stream, or from an answer ahead of the stream."""
        return self._answers.get(key) or self.rows[self.table].get(key)

    def answered(self, key: Hashable, row: Row) -> None:
        """Record the row that came in the answer to a write or in a conflict."""
        if key in self.rows[self.table] and isinstance(row.get("version"), int):
            self._answers[key] = row
            self._settle(key)

    def end(self, edit: Edit, accepted: Row | None = None) -> None:
        """Drop a write that failed; show an accepted one until the stream delivers it."""
        if accepted is not None:
            self.answered(edit.key, accepted)
        version = (accepted or {}).get("version")
        known = self.rows[self.table].get(edit.key)
        if isinstance(version, int) and known is not None and edit.changes is not None:
            edit.version = version
            self._settle(edit.key)
        elif edit in self._edits:
            self._edits.remove(edit)
        self._shown = None

    def _settle(self, key: Hashable) -> None:
        """Drop accepted writes and answers that the row from the stream includes."""
        if not self._edits and not self._answers:
            return
        version = self.rows[self.table].get(key, {}).get("version")
        answer = self._answers.get(key)
        if answer is not None and (version is None or version >= answer["version"]):
            del self._answers[key]
        self._edits = [
            edit
            for edit in self._edits
            if edit.key != key
            or edit.version is None
            or (isinstance(version, int) and version < edit.version)
        ]

    def _edited(self) -> Iterable[Row]:
        rows = self.rows[self.table]
        if not self._edits:
            return rows.values()
        rows = dict(rows)
        for edit in self._edits:
            if edit.key in rows and edit.changes is None:
                del rows[edit.key]
            elif edit.key in rows:
                # Set the version of the answer, because the caller may pass this row as ``read``.
                accepted = {} if edit.version is None else {"version": edit.version}
                rows[edit.key] = {**rows[edit.key], **(edit.changes or {}), **accepted}
        return rows.values()

    def _with_children(self, shown: list[Row]) -> list[Row]:
        if not self.include or self._ordering is None:
            return shown
        return [{**row, **self._children_of(self._ordering.key_of(row))} for row in shown]

    def _children_of(self, order: Hashable) -> dict[str, list[Row]]:
        lists: dict[str, list[Row]] = {name: [] for name in self.include}
        for name, key in sorted(self._children.get(order, ()), key=_by_key):
            lists[name].append(self.rows[name][key])
        return lists


def _by_key(child: _Child) -> tuple[str, Any]:
    return type(child[1]).__name__, child[1]
