"""Texts as fields of CSV that no spreadsheet executes, and back. Pure.

The API writes them, the command line reads them: one definition of what a formula is.
"""

import re

_EXECUTABLE = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")  # noqa: RUF001  also their full-width forms


def neutralised(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula; ``restored`` undoes it."""
    return f"'{text}" if _EXECUTABLE.match(text) else text


def restored(text: str) -> str:
    """Undo ``neutralised``."""
    return text[1:] if text.startswith("'") and _EXECUTABLE.match(text) else text
