"""A gateway that shows an order's past although it was another customer's."""

import sys

from orders_gateway.__main__ import main
from orders_gateway.filters import Predicate, Row


def confined(self: Predicate, event: Row) -> Row:  # noqa: ARG001  a method
    return event


if __name__ == "__main__":
    Predicate.confined = confined  # type: ignore[method-assign]
    sys.exit(main())
