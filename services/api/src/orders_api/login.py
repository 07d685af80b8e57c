"""An unfinished sign-in at the company's provider, stored in a cookie of the browser. Pure.

The cookie has a random secret. State, nonce and PKCE verifier are derived from the secret, so that
an answer is valid only in the browser that began the sign-in, and no process stores anything.
"""

import base64
import hashlib
import hmac
import json
import re
from dataclasses import asdict, dataclass
from typing import Self

LASTS_S = 600
"""How long a person may take to sign in at the provider."""

_CLOCKS_DIFFER_S = 60
"""Difference allowed between clocks: the API process that gets the answer may be elsewhere."""
_MAX_PATH = 500
_SECRET, _DIGEST = re.compile(r"[\w-]{43}", re.ASCII), re.compile("([0-9a-f]{64})?")
_PATH = re.compile(r"/(?![/\\])[^\\#\x00-\x20\x7f]*")


def own_path(wanted: str) -> str:
    """Return ``wanted`` if it is the path of one of our pages, with its query; otherwise ``/``."""
    is_page = _PATH.fullmatch(wanted) and not wanted.startswith("/api/")
    is_page = is_page and "//" not in wanted.partition("?")[0]
    return wanted if is_page and wanted.isascii() and len(wanted) <= _MAX_PATH else "/"


@dataclass(frozen=True, slots=True)
class Login:
    """One attempt to sign in. ``began`` is in seconds since 1970.

    ``before`` is the digest of the browser's earlier session, as hexadecimal digits. It is kept
    here because the browser does not send that session's cookie on a redirect from another site.
    """

    secret: str
    back_to: str
    began: int
    before: str = ""

    @classmethod
    def begin(cls, secret: str, back_to: str, now: float, before: str = "") -> Self:
        """Return a new attempt; ``secret`` must be new as well."""
        return cls(secret, own_path(back_to), int(now), before)

    @classmethod
    def read(cls, cookie: str, now: float) -> Self | None:
        """Return the attempt in a cookie; None if it is not valid or too old."""
        try:
            found = cls(**json.loads(base64.urlsafe_b64decode(cookie)))
            is_ours = (
                _SECRET.fullmatch(found.secret)
                and _DIGEST.fullmatch(found.before)
                and own_path(found.back_to) == found.back_to
                and -_CLOCKS_DIFFER_S <= now - found.began <= LASTS_S
            )
        except (ValueError, TypeError):
            return None
        return found if is_ours else None

    def cookie(self) -> str:
        """Return the content of the cookie, which ``read`` parses."""
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()

    @property
    def state(self) -> str:
        """The parameter ``state``, which the provider's answer repeats."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """The value that the ID token must repeat."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """The secret that the provider requires together with the code (PKCE)."""
        return self._derived("verifier")

    def answers(self, state: str) -> bool:
        """Return whether an answer of the provider belongs to this attempt."""
        return hmac.compare_digest(state.encode(errors="replace"), self.state.encode())

    def _derived(self, purpose: str) -> str:
        content = json.dumps([purpose, self.back_to, self.began, self.before])
        made = hmac.digest(self.secret.encode(), content.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(made).decode().rstrip("=")
