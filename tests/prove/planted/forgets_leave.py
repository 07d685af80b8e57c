"""A gateway that sends no LEAVE when a row no longer matches a filter."""

import sys

from orders_contract.matching import Event, Selection, View, view
from orders_gateway import hub
from orders_gateway.__main__ import main


def forgetful(event: Event, selection: Selection) -> View:
    """Decide as usual, but hide what should be LEAVE."""
    seen_as = view(event, selection)
    return View.HIDDEN if seen_as is View.LEAVE else seen_as


if __name__ == "__main__":
    hub.view = forgetful  # type: ignore[attr-defined]
    sys.exit(main())
