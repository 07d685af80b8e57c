"""Parsing of If-Match and If-None-Match, which name states of a row by tags. Pure."""

import re
from dataclasses import dataclass

# RFC 9110: entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE
_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_LIST = re.compile(rf"[ \t]*(?:{_TAG.pattern}[ \t]*(?:,[ \t]*|$))+")
# A proxy that compresses adds a suffix to the tag, as in "3-gzip", but the row is the same.
_COMPRESSED = re.compile(r"-[a-z]+\Z")


class MalformedTagError(ValueError):
    """The header is not a list of entity tags."""


@dataclass(frozen=True, slots=True)
class Precondition:
    """The tags that a client accepts; None if it accepts any."""

    tags: tuple[str, ...] | None

    def holds(self, tag: str) -> bool:
        """Return whether this tag is accepted."""
        return self.tags is None or tag in self.tags


ANY_TAG = Precondition(None)


def if_match(header: str | None) -> Precondition:
    """Return the tags in If-Match. Without the header any tag is accepted.

    A weak tag in the header matches no tag (RFC 9110, 13.1.1).

    Raises:
        MalformedTagError: the header is neither ``*`` nor a list of entity tags.

    """
    if header is None or header.strip() == "*":
        return ANY_TAG
    return Precondition(_tags(header, weak=False))


def if_none_match(header: str | None) -> Precondition:
    """Return the tags in If-None-Match, which may be weak; a malformed header names no tag."""
    if header is None:
        return Precondition(())
    if header.strip() == "*":
        return ANY_TAG
    try:
        return Precondition(_tags(header, weak=True))
    except MalformedTagError:
        return Precondition(())


def _tags(header: str, *, weak: bool) -> tuple[str, ...]:
    if not _LIST.fullmatch(header):
        raise MalformedTagError(header)
    found = [tag.group(2) for tag in _TAG.finditer(header) if weak or not tag.group(1)]
    return tuple(_COMPRESSED.sub("", tag) for tag in found)
