"""Find the selections that may see an event, without testing each. Pure.

For each table, a selection is indexed by the values that one of its conditions lists. An event
looks up the new and old values of its row, so its cost grows with the number of selections that
match it, not with their total. Selections whose conditions for a table list no values (ranges,
``not``, no condition) are candidates for every event of that table.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from orders_contract.comparison import Comparable, Form
from orders_contract.filters import Condition, RowFilter
from orders_contract.matching import Event, Selection, row_of, table_of

_NOTHING = object()
"""Not equal to any value."""
_Selections = dict[Selection, None]
_Slot = tuple[str, Form]
"""A column and the form of its values."""


@dataclass(slots=True)
class _Drawer:
    """The selections that may see events of one table."""

    all: _Selections = field(default_factory=dict)
    unlisted: _Selections = field(default_factory=dict)
    """Selections without a condition that lists values."""
    slots: dict[_Slot, dict[Comparable, _Selections]] = field(default_factory=dict)

    def add(self, selection: Selection, condition: Condition | None) -> None:
        self.all[selection] = None
        if condition is None:
            self.unlisted[selection] = None
            return
        slot = self.slots.setdefault((condition.column, condition.form), {})
        for value in condition.values or ():
            slot.setdefault(value, {})[selection] = None

    def remove(self, selection: Selection, condition: Condition | None) -> None:
        del self.all[selection]
        if condition is None:
            del self.unlisted[selection]
            return
        name = condition.column, condition.form
        slot = self.slots.get(name, {})
        for value in condition.values or ():
            del slot[value][selection]
            if not slot[value]:
                del slot[value]
        if not slot:
            self.slots.pop(name, None)

    def find(self, event: Event) -> list[_Selections]:
        if event["operation"] == "TRUNCATE":
            return [self.all]
        found = [self.unlisted] if self.unlisted else []
        row, changed = row_of(event) or {}, event.get("changed") or {}
        for (column, form), slot in self.slots.items():
            value = form(row[column]) if column in row else _NOTHING
            if value in slot:
                found.append(slot[value])
            if column in changed and (former := form(changed[column])) != value and former in slot:
                found.append(slot[former])
        return found


class FilterIndex:
    """An index of all selections but ``EVERYTHING``, by the tables and values that they select."""

    def __init__(self) -> None:
        self._all: _Selections = {}
        self._tables: dict[str, _Drawer] = {}
        self._others: dict[frozenset[str], _Drawer] = {}
        """Selections that see all tables but those that their scope describes, by these tables."""

    def __len__(self) -> int:
        """Return the number of selections."""
        return len(self._all)

    def add(self, selection: Selection) -> None:
        """Add a selection that is not in the index."""
        self._all[selection] = None
        for drawers, place, condition in self._places(selection):
            drawers.setdefault(place, _Drawer()).add(selection, condition)

    def remove(self, selection: Selection) -> None:
        """Remove a selection that is in the index."""
        del self._all[selection]
        for drawers, place, condition in self._places(selection):
            drawers[place].remove(selection, condition)
            if not drawers[place].all:
                del drawers[place]

    def candidates(self, event: Event) -> Collection[Selection]:
        """Return every selection that may see an event, each once."""
        table = table_of(event)
        found = self._tables[table].find(event) if table in self._tables else []
        for described, drawer in self._others.items():
            if table not in described:
                found += drawer.find(event)
        return found[0] if len(found) == 1 else dict.fromkeys(chain.from_iterable(found))

    def _places(
        self, selection: Selection
    ) -> Iterator[tuple[dict[Any, _Drawer], Any, Condition | None]]:
        """Yield the drawers to file a selection in, and the condition to file it under."""
        scope = selection.scope
        described = frozenset() if scope is None else scope.described
        for table in described if selection.tables is None else selection.tables:
            filters = selection.filters(table)
            if filters is not None:
                yield self._tables, table, _most_selective(*filters)
        if selection.tables is None and scope is not None:
            yield self._others, described, _most_selective(scope.undescribed)


def _most_selective(*filters: RowFilter) -> Condition | None:
    """Return the condition that the fewest rows are expected to fulfil."""
    conditions = chain.from_iterable(each.equalities for each in filters)
    return min(conditions, key=lambda each: (each.rank, each.column), default=None)
