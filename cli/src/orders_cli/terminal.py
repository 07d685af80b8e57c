"""Text of others on a terminal. Pure."""


def printable(text: str) -> str:
    r"""Return a text without characters that command a terminal: ESC becomes ``\x1b``.

    Line ends and tabs stay. Messages of servers and contents of files repeat what others wrote.
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each in "\n\t" else each.encode("unicode_escape").decode()
        for each in text
    )
