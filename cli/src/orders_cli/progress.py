"""Show progress of a long command: as a bar on a terminal, elsewhere as a line for each 10 %."""

import contextlib
from collections.abc import Iterator
from typing import Protocol

import rich.progress
from rich.console import Console


class ProgressBar(Protocol):
    """Counts steps."""

    def advance(self) -> None:
        """Count one more step."""


class _TerminalBar:
    def __init__(self, bar: rich.progress.Progress, task: rich.progress.TaskID) -> None:
        self._bar = bar
        self._task = task

    def advance(self) -> None:
        self._bar.advance(self._task)


class _Tenths:
    def __init__(self, console: Console, what: str, total: int) -> None:
        self._console = console
        self._what = what
        self._total = total
        self._done = 0

    def advance(self) -> None:
        before = self._done * 10 // self._total
        self._done += 1
        if (tenths := self._done * 10 // self._total) > before:
            self._console.print(f"{self._what}: {tenths * 10} %", highlight=False)


@contextlib.contextmanager
def progress_bar(what: str, total: int) -> Iterator[ProgressBar]:
    """Show how many of ``total`` steps are done while the block runs."""
    console = Console()
    if not console.is_terminal:
        yield _Tenths(console, what, total)
        return
    columns = (
        rich.progress.TextColumn(what),
        rich.progress.BarColumn(),
        rich.progress.TaskProgressColumn(),
        rich.progress.MofNCompleteColumn(),
        rich.progress.TimeRemainingColumn(),
    )
    with rich.progress.Progress(*columns, console=console) as bar:
        yield _TerminalBar(bar, bar.add_task(what, total=total))
