"""``python -m bench.drawings [FOLDER]``: draw the charts of the README from the last results."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.bench import ROOT
from bench.charts import Axis, Points, chart
from bench.runner import RESULTS

_FOLDER = ROOT / "docs" / "charts"


@dataclass(frozen=True)
class Drawing:
    """A chart: its benchmark and series, and its titles."""

    file: str
    benchmark: str
    series: str
    title: str
    x: str
    y: str
    log_x: bool = True
    log_y: bool = False


DRAWINGS = (
    Drawing(
        file="latency",
        benchmark="latency",
        series="latency",
        title="From commit to client",
        x="milliseconds",
        y="% of orders that have arrived",
    ),
    Drawing(
        file="write-speed",
        benchmark="write_speed",
        series="write speed",
        title="Orders committed per second where a flush takes 1 ms",
        x="clients that write",
        y="orders a second",
    ),
    Drawing(
        file="throughput",
        benchmark="capacity",
        series="throughput",
        title="Deliveries per second without falling behind",
        x="WebSocket clients",
        y="orders x clients a second",
        log_y=True,
    ),
    Drawing(
        file="growth",
        benchmark="growth",
        series="CPU per event against rate",
        title="CPU time per event: listener, gateway and Valkey",
        x="orders a second",
        y="microseconds",
        log_y=True,
    ),
)


def draw(drawing: Drawing, result: dict[str, Any]) -> str | None:
    """Return the chart; None if the result has no points for it."""
    lines: list[tuple[str, Points]] = [
        (series["label"], series["points"])
        for series in result["series"]
        if series["chart"] == drawing.series and series["points"]
    ]
    if not lines:
        return None
    x = Axis.around(drawing.x, [p[0] for _, points in lines for p in points], log=drawing.log_x)
    y = Axis.around(drawing.y, [p[1] for _, points in lines for p in points], log=drawing.log_y)
    return chart(drawing.title, x, y, lines)


def main() -> int:
    """Draw every chart that has results; print the charts that have none."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for drawing in DRAWINGS:
        file = RESULTS / f"{drawing.benchmark}.json"
        drawn = draw(drawing, json.loads(file.read_text())) if file.is_file() else None
        if drawn is None:
            print(f"{drawing.file}: no points in a result of {drawing.benchmark}")
            continue
        (folder / f"{drawing.file}.svg").write_text(drawn, encoding="utf-8")
        print(f"{folder / drawing.file}.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
