"""The table at the end of a run."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from bench.figures import Figure, shown

_VERDICT = {True: "yes", False: "NO", None: ""}


def show(console: Console, rows: Iterable[tuple[str, list[Figure]]]) -> None:
    """Print figures under the titles of their benchmarks."""
    table = Table(title_justify="left", show_edge=False, pad_edge=False)
    table.add_column("what", overflow="fold")
    for heading in ("median", "least", "most", "unit", "target", "met"):
        table.add_column(heading, justify="left" if heading in {"unit", "met"} else "right")
    for title, figures in rows:
        table.add_row(f"[bold]{title}[/bold]", end_section=False)
        for figure in figures:
            table.add_row(*_cells(figure))
            if figure.refused or figure.note:
                table.add_row(f"    [dim]{figure.refused or figure.note}[/dim]")
        table.add_section()
    console.print(table)


def _cells(figure: Figure) -> list[str]:
    least = min(figure.samples, default=None)
    most = max(figure.samples, default=None)
    spread = [shown(least), shown(most)] if len(figure.samples) > 1 else ["", ""]
    value = "refused" if figure.refused else shown(figure.value)
    return ["  " + figure.what, value, *spread, figure.unit, figure.target, _VERDICT[figure.met]]
