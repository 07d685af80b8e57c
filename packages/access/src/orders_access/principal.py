"""Who is asking, and what they may do. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self, get_args

from orders_contract.messages import Role

_RANKS: dict[Role, int] = {role: rank for rank, role in enumerate(get_args(Role))}


@dataclass(frozen=True, slots=True)
class Principal:
    """The holder of a token.

    ``customers`` restricts them to these customers' orders; None: to none in particular.
    ``expires`` and ``issued`` are seconds since 1970; None: never, and unknown.
    """

    subject: str
    role: Role
    customers: frozenset[str] | None = None
    expires: float | None = None
    issued: float | None = None
    token_id: str = ""

    def may(self, role: Role) -> bool:
        """Tell whether they may do what takes a role: viewers read, clerks write, admins delete."""
        return _RANKS[self.role] >= _RANKS[role]

    def sees(self, customer_name: str) -> bool:
        """Tell whether a customer's orders are within their scope."""
        return self.customers is None or customer_name in self.customers

    def narrowed(self, customers: Iterable[str] | None) -> list[str] | None:
        """Return the customers out of those asked for whom they may see; None for everyone's."""
        if self.customers is None:
            return None if customers is None else list(customers)
        return sorted(self.customers if customers is None else self.customers & set(customers))

    def to_json(self) -> dict[str, Any]:
        """Return it as values of JSON; ``from_json`` reads them."""
        return {
            "subject": self.subject,
            "role": self.role,
            "customers": None if self.customers is None else sorted(self.customers),
            "expires": self.expires,
            "issued": self.issued,
            "token_id": self.token_id,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` returned."""
        customers = values["customers"]
        return cls(
            subject=values["subject"],
            role=values["role"],
            customers=None if customers is None else frozenset(customers),
            expires=values["expires"],
            issued=values["issued"],
            token_id=values["token_id"],
        )


ANYONE = Principal("", "admin")
"""In open mode: whoever reaches the system may do everything, and is nobody in particular."""
