"""How much of the log to keep. Pure."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

_UNITS = {"h": "hours", "d": "days", "w": "weeks"}
_MAX_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class Retention:
    """How much to keep: either the newest ``events``, or the events of the last ``hours``."""

    events: int | None = None
    hours: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``90d``, ``12h``, ``2w`` or a number of events.

        Raises:
            ValueError: the text is none of these.

        """
        found = re.fullmatch(r"([1-9][0-9]{0,17})([hdw]?)", text.strip())
        if found is None:
            raise ValueError("must be a duration such as 90d, 12h or 2w, or a number of events")
        number, unit = int(found[1]), found[2]
        if not unit:
            return cls(events=number)
        if number > _MAX_DAYS * 24:
            raise ValueError("must be at most a hundred years")
        hours = timedelta(**{_UNITS[unit]: number}) // timedelta(hours=1)
        return cls(hours=hours)
