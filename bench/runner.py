"""Run benchmarks one by one; write a result file for each, and print a table."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import rich.progress
from rich.console import Console

from bench import catalogue, machine, table
from bench.bench import ROOT, Bench, Benchmark
from bench.figures import Figure

RESULTS = ROOT / "bench" / "results"


class _Progress:
    """A progress bar on a terminal, one line per step elsewhere."""

    def __init__(self, console: Console, total: int) -> None:
        columns = (
            rich.progress.BarColumn(bar_width=24),
            rich.progress.MofNCompleteColumn(),
            rich.progress.TimeElapsedColumn(),
            rich.progress.TextColumn("{task.description}"),
        )
        self._console = console
        self.bar = rich.progress.Progress(
            *columns, console=console, transient=True, disable=not console.is_terminal
        )
        self._task = self.bar.add_task("", total=total)
        self._title = ""

    def begin(self, title: str) -> None:
        self._title = title
        self.step("")

    def step(self, what: str) -> None:
        text = f"{self._title}: {what}" if what else self._title
        self.bar.update(self._task, description=text)
        if not self._console.is_terminal:
            self._console.print(text, highlight=False)

    def done(self) -> None:
        self.bar.advance(self._task)


def run(names: Sequence[str], *, quick: bool) -> bool:
    """Run benchmarks and print their figures; return whether all of them completed."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=120)
    about = machine.describe()
    found: list[tuple[str, list[Figure]]] = []
    progress = _Progress(console, len(names))
    broken = 0
    try:
        with progress.bar:
            for name in names:
                benchmark = catalogue.load(name)
                progress.begin(benchmark.TITLE)
                bench = Bench(quick=quick, step=progress.step)
                found.append((benchmark.TITLE, bench.findings.figures))
                with _written(name, benchmark, about, bench):
                    broken += not _ran(benchmark, bench, console)
                progress.done()
    finally:
        table.show(console, found)
    if quick:
        console.print("A quick run shows that everything runs. Its figures mean little.")
    return broken == 0


def _ran(benchmark: Benchmark, bench: Bench, console: Console) -> bool:
    """Run one benchmark; return False if it failed. An error does not end the others."""
    try:
        benchmark.run(bench)
    except Exception as exc:  # noqa: BLE001  printed, recorded, and part of the exit status
        console.print_exception(max_frames=8)
        bench.figure("broke off", "", refused=f"{type(exc).__name__}: {str(exc)[:120]}")
        return False
    return True


@contextmanager
def _written(
    name: str, benchmark: Benchmark, about: dict[str, Any], bench: Bench
) -> Iterator[None]:
    """Write the results after the block, even if the benchmark failed."""
    began, began_at = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    try:
        yield
    finally:
        result = {
            "benchmark": name,
            "title": benchmark.TITLE,
            "about": benchmark.__doc__,
            "quick": bench.quick,
            "began_at": began_at,
            "seconds": round(time.monotonic() - began, 1),
            **about,
            "figures": [figure.record() for figure in bench.findings.figures],
            "series": [asdict(series) for series in bench.findings.series],
        }
        _write(RESULTS / f"{name}.json", result)


def _write(file: Path, result: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
