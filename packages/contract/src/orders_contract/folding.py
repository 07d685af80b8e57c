"""Convert text for search: without case and accents. Pure.

``order_search_text`` in ``db/init.sql``, which an index uses, and ``search.ts`` in the TypeScript
client do the same. The cases in ``tests/vectors/rows.json`` test all three.
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
