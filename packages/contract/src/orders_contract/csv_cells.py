"""Escape texts that a spreadsheet would execute as formulas in CSV, and unescape them. Pure.

The API writes such fields and the command line reads them, by one definition of a formula.
"""

import re

_EXECUTABLE = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")  # noqa: RUF001  also their full-width forms


def neutralised(text: str) -> str:
    """Return the text, escaped if a spreadsheet would take it for a formula."""
    return f"'{text}" if _EXECUTABLE.match(text) else text


def restored(text: str) -> str:
    """Return the text without the escape of ``neutralised``."""
    return text[1:] if text.startswith("'") and _EXECUTABLE.match(text) else text
