"""Results of a benchmark: figures with their spread, and series for charts. Pure."""

import statistics
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One number, measured several times; its value is the median.

    A figure that could not be measured reliably has no samples: ``refused`` says why.
    """

    what: str
    unit: str
    samples: tuple[float, ...]
    at_least: float | None = None
    at_most: float | None = None
    refused: str = ""
    note: str = ""

    @property
    def value(self) -> float | None:
        """The median."""
        return statistics.median(self.samples) if self.samples else None

    @property
    def target(self) -> str:
        """The target as text."""
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return "" if self.at_most is None else f"<= {self.at_most:g}"

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without a target or without samples."""
        if self.value is None or not self.target:
            return None
        if self.at_least is not None:
            return self.value >= self.at_least
        return self.at_most is not None and self.value <= self.at_most

    def record(self) -> dict[str, Any]:
        """Return the figure for a result file."""
        return {**asdict(self), "value": self.value, "met": self.met}


@dataclass(frozen=True)
class Series:
    """Points of one line, ``label``, of a chart."""

    chart: str
    label: str
    points: tuple[tuple[float, float], ...]


@dataclass
class Findings:
    """All results of one benchmark."""

    figures: list[Figure] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)


def quantile(values: list[float], share: float) -> float:
    """Return the value that ``share`` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def shown(value: float | None) -> str:
    """Return a number with three significant digits."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
