"""Everything random comes from one seed, each part with a series of its own."""

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """Random numbers of one part of a run: independent of what other parts draw, and when."""

    def __init__(self, seed: int, *part: object) -> None:
        """Begin the series that this seed has for this part."""
        self._seed = seed
        self._part = part
        self._random = random.Random("/".join(map(str, (seed, *part))))

    def part(self, *names: object) -> "Chance":
        """Return the series of a part of this part."""
        return Chance(self._seed, *self._part, *names)

    def happens(self, probability: float) -> bool:
        """Tell whether something of this probability happens."""
        return self._random.random() < probability

    def unit(self) -> float:
        """Return a number from 0 to 1."""
        return self._random.random()

    def between(self, low: int, high: int) -> int:
        """Return a whole number, both ends included."""
        return self._random.randint(low, high)

    def seconds(self, low: float, high: float) -> float:
        """Return a duration; shorter ones are likelier."""
        return low + (high - low) * self._random.random() ** 2

    def pause(self, mean_s: float) -> float:
        """Return a pause as irregular as in life, but bounded."""
        return min(self._random.expovariate(1 / mean_s), 6 * mean_s)

    def one(self, choices: Sequence[T]) -> T:
        """Return one of several."""
        return self._random.choice(choices)

    def some(self, choices: Sequence[T], number: int) -> list[T]:
        """Return so many different ones."""
        return self._random.sample(choices, number)

    def weighted(self, choices: Sequence[tuple[float, T]]) -> T:
        """Return one of several, by weight."""
        weights = [weight for weight, _ in choices]
        return self._random.choices([each for _, each in choices], weights)[0]
