"""Who sends a request, and what they may do. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self, get_args

from orders_contract.messages import Role

Value = str | int | float | bool
RowValues = dict[str, list[Value]]
"""JSON of the rows a token is restricted to: the values allowed in each restricting column."""

_RANKS: dict[Role, int] = {role: rank for rank, role in enumerate(get_args(Role))}


@dataclass(frozen=True, slots=True)
class Principal:
    """The holder of a token.

    ``rows`` restricts them to rows that hold, in every column named, one of its values; None: no
    restriction. ``expires`` and ``issued`` are seconds since 1970; None: never, and unknown.
    """

    subject: str
    role: Role
    rows: Mapping[str, frozenset[Value]] | None = None
    expires: float | None = None
    issued: float | None = None
    token_id: str = ""

    def may(self, role: Role) -> bool:
        """Tell whether their role includes another: viewers read, clerks write, admins delete."""
        return _RANKS[self.role] >= _RANKS[role]

    @property
    def row_values(self) -> RowValues | None:
        """``rows`` as values of JSON."""
        if self.rows is None:
            return None
        return {column: sorted(values) for column, values in self.rows.items()}

    def to_json(self) -> dict[str, Any]:
        """Return the principal as values of JSON; ``from_json`` reads them."""
        return {
            "subject": self.subject,
            "role": self.role,
            "rows": self.row_values,
            "expires": self.expires,
            "issued": self.issued,
            "token_id": self.token_id,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` returned.

        Raises:
            KeyError: another version of this class wrote it.

        """
        rows = values["rows"]
        return cls(
            subject=values["subject"],
            role=values["role"],
            rows=None if rows is None else {name: frozenset(rows[name]) for name in rows},
            expires=values["expires"],
            issued=values["issued"],
            token_id=values["token_id"],
        )

    # Kept until gateway and API restrict by rows.
    @property
    def customers(self) -> frozenset[str] | None:
        """The customers they are restricted to; none at all if other columns restrict them."""
        if self.rows is None:
            return None
        names = self.rows.get("customer_name", frozenset()) if len(self.rows) == 1 else frozenset()
        return frozenset(name for name in names if isinstance(name, str))

    def sees(self, customer_name: str) -> bool:
        """Tell whether a customer's orders are within their scope."""
        return self.customers is None or customer_name in self.customers

    def narrowed(self, customers: Iterable[str] | None) -> list[str] | None:
        """Return the customers out of those asked for whom they may see; None for everyone's."""
        if self.customers is None:
            return None if customers is None else list(customers)
        return sorted(self.customers if customers is None else self.customers & set(customers))


ANYONE = Principal("", "admin")
"""In open mode every request has all rights and no subject."""
