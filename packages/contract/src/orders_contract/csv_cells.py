"""Escape texts that a spreadsheet would execute as formulas in CSV, and unescape them. Pure.

The API writes such fields, the command line reads them: one definition of a formula.
"""

import re

_EXECUTABLE = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")  # noqa: RUF001  also their full-width forms


def neutralised(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula; ``restored`` undoes it."""
    return f"'{text}" if _EXECUTABLE.match(text) else text


def restored(text: str) -> str:
    """Undo ``neutralised``."""
    return text[1:] if text.startswith("'") and _EXECUTABLE.match(text) else text
