"""Sessions that began with a company login; the provider's answers renew, change and end them."""

import asyncio
import base64
import hashlib
import hmac
import json
import random
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog
from cryptography.fernet import Fernet, InvalidToken

from orders_access.limits import Buckets
from orders_access.principal import Principal
from orders_access.security_log import SecurityLog
from orders_api.company_rules import person_of
from orders_api.company_settings import CompanySettings
from orders_api.database import Database
from orders_api.errors import (
    DatabaseUnavailableError,
    NameTakenError,
    NotAllowedError,
    ProviderAwayError,
    ProviderRefusesError,
    StatementError,
)
from orders_api.provider import Granted, Provider
from orders_api.sessions import Origin, Sessions
from orders_api.users import Users
from orders_service.tasks import pause

TRIES_PER_S, TRIES_BURST = 5, 100
"""Limit for each address, because each sign-in makes this system send requests to the provider."""
_LOOK_EVERY_S = 1.0
_AT_ONCE = 20
_MOST_WAIT_S = 60.0
_MARGIN_S = 60.0
"""How long before its access token expires a session is refreshed; at most a quarter of the token's
lifetime."""

_START = """
    INSERT INTO order_company_sessions
        (session_id, provider_subject, provider_session, secrets, refresh_at, ends_at)
    VALUES (%(id)s::uuid, %(subject)s, %(session)s, %(secrets)s, now() + %(refresh)s,
            now() + %(lasts)s)
"""
# Another process may try after 30 s. By then this one has given up: Provider takes 15 s at most.
_TAKE_DUE = """
    UPDATE order_company_sessions SET refresh_at = now() + interval '30 seconds'
     WHERE session_id IN (
           SELECT session_id FROM order_company_sessions WHERE refresh_at <= now()
            ORDER BY refresh_at LIMIT %(most)s FOR UPDATE SKIP LOCKED)
    RETURNING session_id::text, provider_subject, secrets, failures,
              (SELECT subject FROM order_sessions WHERE id = session_id)
"""
_GO_ON = """
    UPDATE order_company_sessions
       SET secrets = %(secrets)s, refresh_at = now() + %(refresh)s, ends_at = now() + %(lasts)s,
           failures = 0
     WHERE session_id = %(id)s::uuid
"""
_TRY_LATER = """
    UPDATE order_company_sessions SET refresh_at = now() + %(wait)s, failures = failures + 1
     WHERE session_id = %(id)s::uuid
"""
_OVERDUE = "SELECT session_id::text FROM order_company_sessions WHERE ends_at <= now() LIMIT 1000"
_SECRETS = "SELECT secrets FROM order_company_sessions WHERE session_id = %(id)s::uuid"
_OF_PROVIDER = """
    SELECT session_id::text FROM order_company_sessions
     WHERE provider_session = %(session)s
        OR %(session)s::text IS NULL AND provider_subject = %(subject)s
"""

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Due:
    """A session whose tokens are due to be refreshed."""

    id: str
    provider_subject: str
    secrets: bytes
    failures: int
    subject: str


class CompanySessions:
    """Begins these sessions and keeps them in sync with the provider, for all API processes."""

    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        users: Users,
        provider: Provider,
        settings: CompanySettings,
    ) -> None:
        self.provider = provider
        self.tries = Buckets(TRIES_PER_S, TRIES_BURST)
        self._database = database
        self._sessions = sessions
        self._users = users
        self._rules = settings.company_rules
        self._name_claim = settings.oidc_name_claim
        self._grace_s = settings.oidc_grace_s
        self._sealing = _sealing(settings.oidc_client_secret.get_secret_value())
        self._security = SecurityLog()

    async def begin(self, granted: Granted, origin: Origin) -> tuple[str, Principal]:
        """Start a session for a person; return the secret for the cookie and the principal.

        Raises:
            NotAllowedError: the person may not use this system.

        """
        claims = granted.claims or {}
        principal = await self._person(granted)
        values = {"subject": claims["sub"], "session": _text(claims.get("sid"))}
        return await self._sessions.start(
            principal,
            origin,
            user=None,
            also=lambda identity: (_START, {"id": identity, **values, **self._kept(granted)}),
        )

    async def is_of_company(self, session: str) -> bool:
        """Return whether a session began with a company login."""
        return await self._database.one_or_none(_SECRETS, {"id": session}) is not None

    async def farewell(self, session: str) -> str | None:
        """Return the address at which the browser also signs out of the company, or None."""
        row = await self._database.one_or_none(_SECRETS, {"id": session})
        try:
            return None if row is None else await self.provider.farewell(self._opened(row[0])[1])
        except InvalidToken:
            return None

    async def end_signed_out(self, logout_token: str) -> None:
        """End the sessions that a logout token names; raises as ``Provider.signed_out``."""
        subject, session = await self.provider.signed_out(logout_token)
        rows = await self._database.all(_OF_PROVIDER, {"subject": subject, "session": session})
        await self._end([identity for (identity,) in rows], "signed out at the provider")

    async def follow(self, stop: asyncio.Event) -> None:
        """Refresh each session before its access token expires, until ``stop`` is set."""
        while not stop.is_set():
            with suppress(DatabaseUnavailableError, StatementError):
                await self._end_overdue()
                await asyncio.gather(*map(self._refresh, await self._take_due()))
            await pause(_LOOK_EVERY_S, stop)

    async def _take_due(self) -> list[_Due]:
        rows = await self._database.all(_TAKE_DUE, {"most": _AT_ONCE})
        return [_Due(*row) for row in rows if row[-1] is not None]

    async def _end_overdue(self) -> None:
        rows = await self._database.all(_OVERDUE)
        await self._end([identity for (identity,) in rows], "not renewed in time")

    async def _refresh(self, due: _Due) -> None:
        try:
            refresh_token, id_token = self._opened(due.secrets)
            granted = await self.provider.refresh(refresh_token, id_token, due.provider_subject)
            principal = None if granted.claims is None else await self._person(granted)
        except (ProviderRefusesError, NotAllowedError) as exc:
            await self._end([due.id], str(exc))
            return
        except InvalidToken:
            await self._end([due.id], "OIDC_CLIENT_SECRET has changed")
            return
        except ProviderAwayError:
            wait_s = min(_MOST_WAIT_S, 2.0**due.failures) * random.uniform(0.5, 1)  # noqa: S311
            await self._database.run(_TRY_LATER, {"id": due.id, "wait": timedelta(seconds=wait_s)})
            return
        if principal is not None and principal.subject != due.subject:
            await self._end([due.id], "the person has another name")
            return
        await self._database.run(_GO_ON, {"id": due.id, **self._kept(granted)})
        if principal is not None and await self._sessions.change(due.id, principal):
            self._security.changed("role or rows", "company", principal.subject)

    async def _person(self, granted: Granted) -> Principal:
        principal = person_of(granted.claims or {}, self._rules, self._name_claim)
        if await self._users.has(principal.subject):
            raise NameTakenError("a user of this system has this name")
        return principal

    async def _end(self, identities: list[str], reason: str) -> None:
        if not identities:
            return
        for subject in await self._sessions.end(None, identities, programs=False):
            logger.info("company_session_ended", log="security", subject=subject, reason=reason)

    def _kept(self, granted: Granted) -> dict[str, object]:
        """Return the values of a grant that are stored; the tokens are encrypted."""
        secrets = json.dumps([granted.refresh_token or "", granted.id_token])
        margin_s = min(_MARGIN_S, granted.lasts_s / 4)
        can_refresh = granted.refresh_token is not None
        refresh_s = (granted.lasts_s - margin_s) * random.uniform(0.9, 1)  # noqa: S311
        return {
            "secrets": self._sealing.encrypt(secrets.encode()),
            "refresh": timedelta(seconds=refresh_s) if can_refresh else None,
            "lasts": timedelta(seconds=granted.lasts_s + self._grace_s * can_refresh),
        }

    def _opened(self, secrets: bytes) -> tuple[str, str]:
        refresh_token, id_token = json.loads(self._sealing.decrypt(secrets))
        return refresh_token, id_token


def _sealing(client_secret: str) -> Fernet:
    """Return the cipher for the provider's tokens, so that a copy of the database reveals none."""
    key = hmac.digest(client_secret.encode(), b"orders: company sessions", hashlib.sha256)
    return Fernet(base64.urlsafe_b64encode(key))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
