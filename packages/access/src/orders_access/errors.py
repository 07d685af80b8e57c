"""Why a request is not admitted."""


class AccessError(Exception):
    """Base of the errors that keep a request out."""


class InvalidTokenError(AccessError):
    """The token is not accepted. The message says why and quotes nothing of the token."""


class KeysUnavailableError(AccessError):
    """The keys that verify tokens cannot be fetched right now."""


class RevocationsUnavailableError(AccessError):
    """Redis, which has the list of revoked tokens, does not answer."""
