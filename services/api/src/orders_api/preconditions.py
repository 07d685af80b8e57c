"""If-Match and If-None-Match: which versions of an order a client speaks of. Pure."""

import re
from dataclasses import dataclass

# RFC 9110: entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE
_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_LIST = re.compile(rf"[ \t]*(?:{_TAG.pattern}[ \t]*(?:,[ \t]*|$))+")
# A proxy that compresses marks the tag, as in "3-gzip": the version is the same.
_VERSION = re.compile(r"([1-9][0-9]{0,9})(?:-[a-z]+)?")


class MalformedTagError(ValueError):
    """The header is not a list of entity tags."""


@dataclass(frozen=True, slots=True)
class Precondition:
    """The versions a client has named; ``versions`` is None where any will do."""

    versions: tuple[int, ...] | None

    def holds(self, version: int) -> bool:
        """Whether an order of that version is among those named."""
        return self.versions is None or version in self.versions


ANY_VERSION = Precondition(None)


def if_match(header: str | None) -> Precondition:
    """Read If-Match. Without it any version will do; a weak tag matches none (RFC 9110, 13.1.1).

    Raises:
        MalformedTagError: it is neither ``*`` nor a list of entity tags.

    """
    if header is None or header.strip() == "*":
        return ANY_VERSION
    return Precondition(_versions(header, weak=False))


def if_none_match(header: str | None) -> Precondition:
    """Read If-None-Match, where weak tags count too; what is malformed names no version."""
    if header is None:
        return Precondition(())
    if header.strip() == "*":
        return ANY_VERSION
    try:
        return Precondition(_versions(header, weak=True))
    except MalformedTagError:
        return Precondition(())


def _versions(header: str, *, weak: bool) -> tuple[int, ...]:
    if not _LIST.fullmatch(header):
        raise MalformedTagError(header)
    tags = [tag.group(2) for tag in _TAG.finditer(header) if weak or not tag.group(1)]
    return tuple(int(match.group(1)) for tag in tags if (match := _VERSION.fullmatch(tag)))
