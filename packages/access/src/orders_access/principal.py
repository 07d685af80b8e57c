"""The principal of a request: its subject, role and scope. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, get_args

from orders_contract.messages import Role

Value = str | int | float | bool
RowValues = dict[str, list[Value]]
"""JSON of the rows a token is restricted to: the values allowed in each restricting column."""

_SESSION, _PROGRAM = "session:", "program:"

_RANKS: dict[Role, int] = {role: rank for rank, role in enumerate(get_args(Role))}


@dataclass(frozen=True, slots=True)
class Principal:
    """The holder of a token.

    ``rows`` restricts the holder to rows that have, in every named column, one of its values; None:
    no restriction. ``expires`` and ``issued`` are seconds since 1970; None means that the token
    does not expire, and that its time of issue is unknown. ``key_id`` names the key that signed the
    token; None if the key has no name.
    """

    subject: str
    role: Role
    rows: Mapping[str, frozenset[Value]] | None = None
    expires: float | None = None
    issued: float | None = None
    token_id: str = ""
    key_id: str | None = None

    def may(self, role: Role) -> bool:
        """Return whether the role includes another: viewers read, clerks write, admins delete."""
        return _RANKS[self.role] >= _RANKS[role]

    @property
    def session(self) -> str | None:
        """The id of a person's session; None for a token."""
        is_session = self.token_id.startswith(_SESSION)
        return self.token_id.removeprefix(_SESSION) if is_session else None

    def ending(self, of_token: str) -> str:
        """Return why the principal is refused: ``of_token``, or that the session has ended."""
        return of_token if self.session is None else "the session has ended"

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
            "key_id": self.key_id,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the principal that ``to_json`` wrote.

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
            key_id=values["key_id"],
        )


def session_id(identity: str, *, of_program: bool = False) -> str:
    """Return the ``token_id`` of a session's principal, or of a program's token."""
    return f"{_PROGRAM if of_program else _SESSION}{identity}"


ANYONE = Principal("", "admin")
"""The principal of every request in open mode, with all rights and no subject."""
