"""When a leader that still holds its lock leads no more. Pure: the caller brings the clock."""

STALLED_S = 3.0
"""A change that waits, or a presence that is missing, for so long: nobody is at work."""


class Vigil:
    """Watches the change that has waited longest, and what the leader says.

    It is the same change that must wait, whatever its age: one from a long transaction is old when
    it commits. And it waits for good reason while the leader says something new: it may have a long
    history to give to a Redis that has none.
    """

    def __init__(self, now_s: float) -> None:
        self._oldest: int | None = None
        self._word: str | None = None
        self._waits_since_s = now_s
        self._present_at_s = now_s

    def stalled(self, now_s: float, oldest: int | None, word: str | None) -> bool:
        """Take one look and tell whether the leader should be replaced.

        ``oldest`` is the change that has waited longest, ``word`` what the leader said last.
        """
        if oldest != self._oldest or word != self._word:
            self._oldest, self._word = oldest, word
            self._waits_since_s = now_s
        if word is not None:
            self._present_at_s = now_s
        waits = oldest is not None and now_s - self._waits_since_s > STALLED_S
        return waits or now_s - self._present_at_s > STALLED_S
