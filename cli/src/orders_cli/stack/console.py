"""Output of ``orders up``: its messages, and lines of its programs; each is prefixed by a name."""

import contextlib
import json
from collections.abc import Mapping

import rich.console
from rich.text import Text

from orders_cli.terminal import printable

_COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_cyan", "bright_magenta")
_OWN_NAME = "up"
_PROGRAM = ".venv/bin/orders"
_FIRST_COMMANDS = ("simulate", "watch", "psql")


class StackConsole:
    """Prints prefixed lines; coloured on a terminal, plain elsewhere."""

    def __init__(self, console: rich.console.Console | None = None) -> None:
        self._console = console or rich.console.Console(highlight=False, soft_wrap=True)
        self._colours: dict[str, str] = {}

    def child(self, name: str, line: str) -> None:
        """Print a line of a program."""
        colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
        self._print(Text.assemble((f"{name:>9} | ", colour), printable(line)))

    def info(self, line: str) -> None:
        """Print a message of ``orders up``."""
        self._print(Text.assemble((f"{_OWN_NAME:>9} | ", "bold"), printable(line)))

    def warn(self, line: str) -> None:
        """Print a warning of ``orders up``."""
        self._print(Text(f"{_OWN_NAME:>9} | {printable(line)}", "bold red"))

    def ready(  # noqa: PLR0913  each is a part of what it prints
        self,
        edge_url: str,
        seconds: float,
        example: Mapping[str, str],
        *,
        option: str,
        needs_token: bool,
        first_link: str | None = None,
    ) -> None:
        """Print the addresses and first commands to try.

        ``example`` is an order to create, empty if the columns are not known. ``option`` is the
        option by which the commands find this stack. ``first_link`` is the link that sets the
        password of the first user.
        """
        host = edge_url.replace("127.0.0.1", "localhost")
        curl = f"curl {host}/api/orders"
        if example:
            curl += f" -H 'Content-Type: application/json' -d '{json.dumps(example)}'"
        verbs = _FIRST_COMMANDS if example else _FIRST_COMMANDS[1:]
        rows = {
            "dashboard": (host, "bold underline"),
            "API": (f"{host}/api/docs", "underline"),
            "stream": (f"{host.replace('http', 'ws', 1)}/ws", "underline"),
        }
        if needs_token:  # the commands below would be refused
            people = {"users": (f"{_PROGRAM} user --help", "")}
            rows = {**people, **rows, "programs": (f"{_PROGRAM} token --help{option}", "")}
        else:
            rows["try"] = (curl, "")
            rows["or"] = ("    ".join(f"{_PROGRAM} {verb}{option}" for verb in verbs), "")
        rows["stop"] = ("Ctrl-C", "")
        if first_link is not None:
            rows = {
                "first user": (first_link, "bold underline"),
                "": ("chooses the password of admin; works once, keep it secret", ""),
                **rows,
            }
        self._print(Text(f"\n  Real-Time Orders is ready after {seconds:.1f} s.\n", "bold green"))
        for name, (text, style) in rows.items():
            self._print(Text.assemble((f"  {name:<11}", "dim"), (text, style)))
        self._print(Text())

    def _print(self, text: Text) -> None:
        # The reader of the output may have closed the pipe; the programs must keep running.
        with contextlib.suppress(OSError):
            self._console.print(text)
