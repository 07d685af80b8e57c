"""Text from servers and files, made safe to print on a terminal. Pure."""

from collections.abc import Iterator, Sequence


def printable(text: str) -> str:
    r"""Return a text with control characters escaped: ESC becomes ``\x1b``.

    Line feeds and tabs stay. Messages of servers and contents of files may be written by others.
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each in "\n\t" else each.encode("unicode_escape").decode()
        for each in text
    )


def columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table with aligned columns; the first row has the headings."""
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield "  ".join(map(str.ljust, row, widths)).rstrip()
