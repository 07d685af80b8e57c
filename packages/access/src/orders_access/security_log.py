"""The security log: who signed in, which requests were refused, which tokens were revoked.

Its lines have ``log="security"``. They hold subjects, addresses and reasons, but no tokens and no
rows. The rate of refusals is limited, so that an attacker cannot fill the disk; the next line says
how many were left out.
"""

import time
from collections.abc import Callable

import structlog

from orders_access.limits import TokenBucket
from orders_access.principal import Principal

REFUSED_STATUSES = frozenset({401, 403, 429})

_REFUSALS_PER_S = 5
_REFUSALS_BURST = 50

_logger = structlog.get_logger(log="security")


class SecurityLog:
    """Writes the security log of one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._refusals = TokenBucket(_REFUSALS_PER_S, _REFUSALS_BURST, clock())
        self._left_out = 0

    def signed_in(self, principal: Principal, address: str) -> None:
        """Log that a client was admitted to the stream, or was given a ticket for it."""
        _logger.info("signed_in", subject=principal.subject, role=principal.role, address=address)

    def refused(self, status: int, address: str, reason: str = "", subject: str = "") -> None:
        """Log a refused request; ``status`` is 401, 403 or 429, or a closing code."""
        if not self._refusals.admit(self._clock()):
            self._left_out += 1
            return
        _logger.warning(
            "refused",
            status=status,
            address=address,
            subject=subject,
            reason=reason,
            left_out=self._left_out,
        )
        self._left_out = 0

    def read(self, principal: Principal, address: str, what: str, names: str = "") -> None:
        """Log that a subject read a path, with the names of its parameters but not their values."""
        _logger.info(
            "read", subject=principal.subject, address=address, what=what, parameters=names
        )

    def signed_out(self, principal: Principal, session: str) -> None:
        """Log that a subject ended a session, its own or another."""
        _logger.info("signed_out", subject=principal.subject, session=session)

    def changed(self, what: str, by: str, user: str) -> None:
        """Log that a user's password was set, or a program's token made."""
        _logger.info("changed", what=what, by=by, user=user)

    def revoked(self, by: Principal, *, subject: str = "", token_id: str = "") -> None:
        """Log that one token was revoked, or all tokens of a subject."""
        _logger.info("revoked", by=by.subject, subject=subject, token_id=token_id)

    def keys_changed(self) -> None:
        """Log that a key that verifies tokens was added or withdrawn."""
        _logger.info("keys_changed")
