"""Rules of a company login, which map a person's claims to a role and rows. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    TypeAdapter,
    ValidationError,
)

from orders_access.claims import scope_of, subject_of
from orders_access.errors import InvalidTokenError
from orders_access.principal import Principal
from orders_api.errors import NotAllowedError
from orders_contract.messages import Role

_Scalar = StrictStr | StrictBool | StrictInt
_Name = Annotated[str, Field(min_length=1)]


class _OfClaim(BaseModel):
    """A reference to the values of a claim."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    claim: _Name


class Rule(BaseModel):
    """Gives a role, and perhaps only rows with some values, to people with every claim in ``when``.

    A person's claim may be one value or a list; it fits if one of its values is given in ``when``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    when: dict[_Name, _Scalar | list[_Scalar]]
    role: Role
    rows: dict[_Name, list[_Scalar] | _OfClaim] | None = None

    def fits(self, claims: Mapping[str, Any]) -> bool:
        """Return whether the claims satisfy every condition."""
        return all(
            _has_one_of(_claim(claims, name), wanted if isinstance(wanted, list) else [wanted])
            for name, wanted in self.when.items()
        )


_RULES = TypeAdapter(tuple[Rule, ...])


def read_rules(text: str) -> tuple[Rule, ...]:
    """Read the rules of a setting.

    Raises:
        ValueError: a rule is not valid; the message has its number and the reason.

    """
    try:
        given = json.loads(text)
    except ValueError as exc:
        raise ValueError(f"is not JSON: {exc}") from None
    try:
        rules = _RULES.validate_python(given)
        for number, rule in enumerate(rules, 1):
            _check_rows(number, rule)
    except ValidationError as exc:
        error = exc.errors()[0]
        place = [str(each) for each in error["loc"] if each not in {"str", "int", "bool"}]
        of_rule = f"rule {int(place[0]) + 1}, {'.'.join(place[1:])}: " if place else ""
        raise ValueError(f"{of_rule}{error['msg']}") from None
    if not rules:
        raise ValueError("must contain at least one rule: people whom no rule fits are refused")
    return rules


def person_of(claims: Mapping[str, Any], rules: Sequence[Rule], name_claim: str) -> Principal:
    """Return the principal for a person with these claims; the first rule that fits decides.

    Raises:
        NotAllowedError: no rule fits, or a required claim is missing or not valid.

    """
    try:
        subject = subject_of(_claim(claims, name_claim))
    except InvalidTokenError:
        raise NotAllowedError(f"claim {name_claim!r} is not a valid name") from None
    rule = next((each for each in rules if each.fits(claims)), None)
    if rule is None:
        raise NotAllowedError("no rule fits")
    if rule.rows is None:
        return Principal(subject, rule.role)
    rows = {column: _values(claims, given) for column, given in rule.rows.items()}
    try:
        return Principal(subject, rule.role, scope_of(rows))
    except InvalidTokenError as exc:
        raise NotAllowedError(str(exc)) from None


def _check_rows(number: int, rule: Rule) -> None:
    fixed = {name: each for name, each in (rule.rows or {}).items() if isinstance(each, list)}
    try:
        if rule.rows is not None and (fixed or not rule.rows):
            scope_of(fixed)
    except InvalidTokenError as exc:
        raise ValueError(f"rule {number}: {exc}") from None


def _values(claims: Mapping[str, Any], given: list[Any] | _OfClaim) -> list[Any]:
    if isinstance(given, list):
        return given
    found = _listed(_claim(claims, given.claim))
    if not found:  # refuse: a later rule could give more than the rule that fits
        raise NotAllowedError(f"claim {given.claim!r} has no values")
    return found


def _has_one_of(found: Any, wanted: Sequence[Any]) -> bool:
    known = {(type(each), each) for each in wanted}
    return any((type(each), each) in known for each in _listed(found))


def _listed(found: Any) -> list[Any]:
    """Return the values of a claim that are texts, numbers or booleans."""
    values = found if isinstance(found, list) else [found]
    return [each for each in values if isinstance(each, str | int | bool)]


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """Return a claim. ``a.b`` also names the member b of a, because some providers nest roles."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
