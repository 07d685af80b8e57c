"""What the holder of a scope sees of an event. Pure.

A scope is a set of customers. Its holder knows the orders of these customers and nothing else: an
order that passes to another customer leaves, one that comes from another enters without a past.
"""

from collections.abc import Set as AbstractSet
from typing import Any

Row = dict[str, Any]
Scope = AbstractSet[str]


def view(event: Row, scope: Scope) -> Row | None:
    """Return an event as the scope's holder is to see it; None if it is not."""
    match event["operation"]:
        case "INSERT":
            return event if event["order"]["customer_name"] in scope else None
        case "DELETE":
            return event if event["changed"]["customer_name"] in scope else None
        case "UPDATE":
            return _view_update(event, scope)
        case _:  # TRUNCATE concerns everyone
            return confined(event, scope)


def _view_update(event: Row, scope: Scope) -> Row | None:
    if event["order"]["customer_name"] in scope:
        return confined(event, scope)
    return leave(event) if _customer_before(event) in scope else None


def confined(event: Row, scope: Scope) -> Row:
    """Return an event that its holder is to see, without what it tells of others.

    The old values of an order that was somebody else's are theirs, and so is whoever acted.
    """
    match event["operation"]:
        case "UPDATE" if _customer_before(event) not in scope:
            return {**event, "changed": None, "actor": None}
        case "TRUNCATE":
            return {**event, "actor": None}
    return event


def leave(event: Row) -> Row:
    """Return the event by which an order leaves a client's set: it tells nothing new of it."""
    return {**event, "operation": "LEAVE", "order": None, "changed": None, "actor": None}


def _customer_before(event: Row) -> str:
    changed = event["changed"] or {}
    before: str = changed.get("customer_name", event["order"]["customer_name"])
    return before
