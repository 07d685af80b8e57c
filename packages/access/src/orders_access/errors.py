"""Why somebody is not let in."""


class AccessError(Exception):
    """Base of all that keeps somebody out."""


class InvalidTokenError(AccessError):
    """The token is not accepted; the message says why, and holds nothing of it."""


class KeysUnavailableError(AccessError):
    """The keys by which tokens are checked cannot be fetched right now."""


class RevocationsUnavailableError(AccessError):
    """Redis does not tell which tokens are revoked."""
