"""The argument of a benchmark: quick or full run, and the figures it finds."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from bench.figures import Figure, Findings, Series

ROOT = Path(__file__).resolve().parent.parent

N = TypeVar("N", int, float)


class Bench:
    """One run of one benchmark."""

    def __init__(self, *, quick: bool, step: Callable[[str], None]) -> None:
        """Start without figures. ``step`` shows the current step."""
        self.quick = quick
        self.step = step
        self.findings = Findings()

    def full(self, full: N, quick: N) -> N:
        """Return ``full``, or in a quick run ``quick``."""
        return quick if self.quick else full

    def figure(  # noqa: PLR0913  the fields of a figure
        self,
        what: str,
        unit: str,
        *samples: float,
        at_least: float | None = None,
        at_most: float | None = None,
        refused: str = "",
        note: str = "",
    ) -> None:
        """Record a figure; a refused one keeps no samples."""
        kept = () if refused else samples
        self.findings.figures.append(Figure(what, unit, kept, at_least, at_most, refused, note))

    def series(self, chart: str, label: str, points: list[tuple[float, float]]) -> None:
        """Record points for a chart."""
        self.findings.series.append(Series(chart, label, tuple(points)))


class Benchmark(Protocol):
    """A module with a benchmark. Its docstring says what it measures and how it could mislead."""

    __doc__: str | None
    TITLE: str

    def run(self, bench: Bench) -> None:
        """Measure and record figures in ``bench``."""
