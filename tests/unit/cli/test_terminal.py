"""Text of others on a terminal."""

import io

import pytest
import rich.console

from orders_cli.stack.console import StackConsole
from orders_cli.terminal import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ann\tÉmile\n", "Ann\tÉmile\n"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("a\rb\x07\x08", "a\\rb\\x07\\x08"),
        ("\u202egnp", "\\u202egnp"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    """Characters that command a terminal are shown as escapes; letters of any script stay."""
    assert printable(text) == shown


def test_lines_of_children() -> None:
    """The output of a child has no control characters in the terminal of `orders up`."""
    output = io.StringIO()
    console = StackConsole(rich.console.Console(file=output))
    console.child("postgres", "ERROR:  \x1b]0;title\x07")
    console.warn("postgres \x1b[2J")
    console.info("\x1b[2J")
    assert "\x1b" not in output.getvalue()
    assert "\\x1b]0;title\\x07" in output.getvalue()
