"""Text as search compares it: without case and accents. Pure.

The same as ``order_search_text`` of ``db/init.sql``, which an index is made of, and as
``search.ts`` of the TypeScript client: the cases of ``tests/vectors/rows.json`` hold for all three.
"""

import re
import unicodedata

_ACCENTS = re.compile("[\u0300-\u036f]")


def folded(text: str) -> str:
    """Return a text without case and accents."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text)
    return (
        _ACCENTS.sub("", decomposed)
        .lower()
        .replace("\N{GREEK SMALL LETTER FINAL SIGMA}", "\N{GREEK SMALL LETTER SIGMA}")
    )
