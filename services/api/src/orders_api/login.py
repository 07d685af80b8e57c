"""An unfinished sign-in at the company's provider, as its browser keeps it in a cookie. Pure.

The browser's cookie has a random secret. State, nonce and PKCE verifier are derived from it, so
that an answer counts only in the browser that asked, and no process has to keep anything.
"""

import base64
import hashlib
import hmac
import json
import re
from dataclasses import asdict, dataclass
from typing import Self

LASTS_S = 600
"""A person may take this long at the provider."""

_CLOCKS_DIFFER_S = 60
"""Another API process may take the answer, on another machine."""
_MAX_PATH = 500
_SECRET, _DIGEST = re.compile(r"[\w-]{43}", re.ASCII), re.compile("([0-9a-f]{64})?")
_PATH = re.compile(r"/(?![/\\])[^\\#\x00-\x20\x7f]*")


def own_path(wanted: str) -> str:
    """Return a path of this system's pages with its query; ``/`` in place of anything else."""
    is_page = _PATH.fullmatch(wanted) and not wanted.startswith("/api/")
    is_page = is_page and "//" not in wanted.partition("?")[0]
    return wanted if is_page and wanted.isascii() and len(wanted) <= _MAX_PATH else "/"


@dataclass(frozen=True, slots=True)
class Login:
    """One attempt to sign in. ``began``: seconds since 1970.

    ``before`` is the digest of the session that the browser had, as hexadecimal digits: the page
    of another site that leads back here makes the browser withhold its cookie.
    """

    secret: str
    back_to: str
    began: int
    before: str = ""

    @classmethod
    def begin(cls, secret: str, back_to: str, now: float, before: str = "") -> Self:
        """Return a new attempt; ``secret`` is a new one."""
        return cls(secret, own_path(back_to), int(now), before)

    @classmethod
    def read(cls, cookie: str, now: float) -> Self | None:
        """Return the attempt of a cookie; None if there is none, or it took too long."""
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
        """Return the value that ``read`` reads."""
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()

    @property
    def state(self) -> str:
        """The parameter ``state``, which the provider's answer repeats."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """What the ID token must repeat."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """What the provider asks for in exchange for the code (PKCE)."""
        return self._derived("verifier")

    def answers(self, state: str) -> bool:
        """Return whether an answer of the provider belongs to this attempt."""
        return hmac.compare_digest(state.encode(errors="replace"), self.state.encode())

    def _derived(self, purpose: str) -> str:
        content = json.dumps([purpose, self.back_to, self.began, self.before])
        made = hmac.digest(self.secret.encode(), content.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(made).decode().rstrip("=")
