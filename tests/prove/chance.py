"""Random numbers from one seed, an independent series for each part of a run."""

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """Random numbers of one part: independent of what other parts draw, and when."""

    def __init__(self, seed: int, *part: object) -> None:
        """Start the series of this part for this seed."""
        self._seed = seed
        self._part = part
        self._random = random.Random("/".join(map(str, (seed, *part))))

    def part(self, *names: object) -> "Chance":
        """Return the series of a part of this part."""
        return Chance(self._seed, *self._part, *names)

    def happens(self, probability: float) -> bool:
        """Return whether an event of this probability happens."""
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
        """Return a pause, exponentially distributed and bounded."""
        return min(self._random.expovariate(1 / mean_s), 6 * mean_s)

    def one(self, choices: Sequence[T]) -> T:
        """Return a random choice."""
        return self._random.choice(choices)

    def some(self, choices: Sequence[T], number: int) -> list[T]:
        """Return ``number`` different choices."""
        return self._random.sample(choices, number)

    def weighted(self, choices: Sequence[tuple[float, T]]) -> T:
        """Return a random choice by weight."""
        weights = [weight for weight, _ in choices]
        return self._random.choices([each for _, each in choices], weights)[0]
