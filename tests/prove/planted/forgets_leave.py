"""A gateway that does not say when an order no longer matches a filter."""

import sys

from orders_gateway.__main__ import main
from orders_gateway.filters import Predicate, Row

_honest = Predicate.view


def view(self: Predicate, event: Row) -> Row | None:
    seen = _honest(self, event)
    return None if seen is not None and seen["operation"] == "LEAVE" else seen


if __name__ == "__main__":
    Predicate.view = view  # type: ignore[method-assign]
    sys.exit(main())
