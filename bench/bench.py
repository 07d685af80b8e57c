"""What a benchmark is given: how long it may take, and where its findings go."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from bench.figures import Figure, Findings, Series

ROOT = Path(__file__).resolve().parent.parent

N = TypeVar("N", int, float)


class Bench:
    """One run of one benchmark."""

    def __init__(self, *, quick: bool, step: Callable[[str], None]) -> None:
        """Begin with nothing found. ``step`` is told what is being done."""
        self.quick = quick
        self.step = step
        self.findings = Findings()

    def full(self, full: N, quick: N) -> N:
        """Return the first, or in a quick run the second."""
        return quick if self.quick else full

    def figure(  # noqa: PLR0913  a figure's fields
        self,
        what: str,
        unit: str,
        *samples: float,
        at_least: float | None = None,
        at_most: float | None = None,
        refused: str = "",
        note: str = "",
    ) -> None:
        """Note a figure; one that is refused keeps no samples."""
        kept = () if refused else samples
        self.findings.figures.append(Figure(what, unit, kept, at_least, at_most, refused, note))

    def series(self, chart: str, label: str, points: list[tuple[float, float]]) -> None:
        """Note points for a chart."""
        self.findings.series.append(Series(chart, label, tuple(points)))


class Benchmark(Protocol):
    """A module that measures. Its docstring says what, and how it could mislead."""

    __doc__: str | None
    TITLE: str

    def run(self, bench: Bench) -> None:
        """Measure, and tell ``bench`` what was found."""
