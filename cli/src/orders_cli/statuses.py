"""The usual order of statuses, according to the schema. Pure."""

from orders_contract.schema import Column, Table


class StatusFlow:
    """The statuses of a table's status column; none if the table has no such column."""

    def __init__(self, table: Table) -> None:
        name = table.display.get("status")
        self.column: Column | None = table.columns.get(name) if name else None

    def following(self, status: object) -> tuple[str, ...]:
        """Return the statuses that may follow a status, most usual first.

        If the schema does not say what follows, the next choice in their order does.
        """
        if self.column is None or not isinstance(status, str):
            return ()
        if self.column.next is not None:
            return self.column.next.get(status, ())
        choices = self.column.choices or ()
        at = choices.index(status) + 1 if status in choices else len(choices)
        return choices[at : at + 1]

    def of(self, row: dict[str, object]) -> object:
        """Return the status of a row."""
        return None if self.column is None else row.get(self.column.name)
