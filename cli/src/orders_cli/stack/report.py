"""What ``orders up`` says, and what its children say, each under its name."""

import contextlib

from rich.console import Console
from rich.text import Text

_COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_cyan", "bright_magenta")
_OWN_NAME = "up"


class Report:
    """Prefixed lines; coloured on a terminal, plain elsewhere."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, soft_wrap=True)
        self._colours: dict[str, str] = {}

    def child(self, name: str, line: str) -> None:
        """Pass on a line of a child."""
        colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
        self._print(Text.assemble((f"{name:>9} | ", colour), line))

    def note(self, line: str) -> None:
        """Say what happens."""
        self._print(Text.assemble((f"{_OWN_NAME:>9} | ", "bold"), line))

    def alarm(self, line: str) -> None:
        """Say it loudly."""
        self._print(Text.assemble((f"{_OWN_NAME:>9} | ", "bold red"), (line, "bold red")))

    def ready(self, edge_url: str, seconds: float, *, asks: bool = False) -> None:
        """Say where everything is, and how to get in if it ``asks`` for tokens."""
        host = edge_url.replace("127.0.0.1", "localhost")
        curl = f"curl -X POST {host}/api/orders -H 'Content-Type: application/json'"
        body = """-d '{"customer_name": "John Doe", "product_name": "Laptop"}'"""
        rows = {
            "dashboard": (host, "bold underline"),
            "API": (f"{host}/api/docs", "underline"),
            "stream": (f"{host.replace('http', 'ws', 1)}/ws", "underline"),
            "try": (f"{curl} {body}", ""),
            "or": ("orders simulate    orders watch    orders psql", ""),
            "stop": ("Ctrl-C", ""),
        }
        if asks:
            rows = {"token": ("orders token --role admin", ""), **rows}
        self._print(Text(f"\n  Real-Time Orders is ready after {seconds:.1f} s.\n", "bold green"))
        for name, (text, style) in rows.items():
            self._print(Text.assemble((f"  {name:<11}", "dim"), (text, style)))
        self._print(Text())

    def _print(self, text: Text) -> None:
        # Whoever read our output may have left; that is no reason to end or to stop supervising.
        with contextlib.suppress(OSError):
            self._console.print(text)
