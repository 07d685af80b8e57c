"""Client of the company's OpenID provider."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

import httpx2
import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata, get_well_known_url
from joserfc.errors import JoseError

from orders_access.errors import InvalidTokenError, KeysUnavailableError
from orders_access.keys import COOLDOWN_S, KeySet
from orders_access.origins import keeps_secrets_at
from orders_access.tokens import Verifier
from orders_api.company_settings import CALLBACK, CompanySettings
from orders_api.errors import ProviderAwayError, ProviderRefusesError
from orders_api.login import Login

_TIMEOUT_S = 5
_WITHIN_S = 15
"""Time limit of all requests of one sign-in or refresh together."""
_FRESH_S = 3600
"""The provider's discovery document is fetched again after this time."""
_DEFAULT_LIFETIME_S = 3600
"""Lifetime of an access token if the provider does not state it."""
_ENDS_SESSIONS = frozenset(
    {"invalid_grant", "access_denied", "consent_required", "interaction_required", "login_required"}
)
"""Errors about the person. Others concern the registration of this system, or are temporary."""
_LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
_LOGOUT_CLAIMS = ("iss", "aud", "iat", "exp", "jti", "events")
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_OPTIONAL_ENDPOINTS = ("userinfo_endpoint", "end_session_endpoint")

T = TypeVar("T")
logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Granted:
    """The provider's tokens and claims for a person; ``lasts_s`` is the access token's lifetime.

    ``claims`` are None if a refresh returned no new claims.
    """

    claims: Mapping[str, Any] | None
    id_token: str
    refresh_token: str | None
    lasts_s: float

    def __repr__(self) -> str:
        """Hide the tokens from logs and tracebacks."""
        return "Granted(...)"


class Provider:
    """Sends requests to the provider. Its discovery document and keys are fetched once needed."""

    def __init__(self, settings: CompanySettings, public_url: str, leeway_s: float) -> None:
        self._issuer = settings.oidc_issuer
        self._algorithm = settings.oidc_algorithm
        self._leeway_s = leeway_s
        self._home = public_url.rstrip("/")
        self._client = AsyncOAuth2Client(
            settings.oidc_client_id,
            settings.oidc_client_secret.get_secret_value(),
            scope=settings.oidc_scopes,
            redirect_uri=self._home + CALLBACK,
            code_challenge_method="S256",
            timeout=_TIMEOUT_S,
            verify=ssl.create_default_context(),
        )
        self._described: Mapping[str, Any] = {}
        self._described_at_s = self._tried_at_s = float("-inf")
        self._describing = asyncio.Lock()
        self._undescribed = ""
        """Why the last attempt to fetch the discovery document failed."""
        self._verifier: Verifier | None = None
        self._is_away = False

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def address_for(self, login: Login) -> str:
        """Return the address at which a browser signs in; raises ProviderAwayError."""
        found = await self._asking(self._description())
        url, _ = self._client.create_authorization_url(
            found["authorization_endpoint"],
            state=login.state,
            nonce=login.nonce,
            code_verifier=login.verifier,
        )
        return str(url)

    async def redeem(self, login: Login, code: str, issuer: str | None) -> Granted:
        """Exchange the code of an answer for tokens; ``issuer`` is the answer's parameter ``iss``.

        Raises:
            ProviderRefusesError: the code or a token is not valid for this attempt.
            ProviderAwayError: the provider does not answer, so the code cannot be checked now.

        """

        async def ask() -> Granted:
            described = await self._description()
            names_itself = described.get("authorization_response_iss_parameter_supported")
            if issuer != self._issuer and (names_itself or issuer is not None):
                raise ProviderRefusesError("the answer comes from another issuer")
            token = await self._client.fetch_token(
                described["token_endpoint"],
                grant_type="authorization_code",
                code=code,
                code_verifier=login.verifier,
                auth=self._authentication(described),
            )
            return await self._granted(described, token, nonce=login.nonce)

        return await self._asking(ask())

    async def refresh(self, refresh_token: str, id_token: str, subject: str) -> Granted:
        """Get new tokens and claims for a person. Raises the errors of ``redeem``."""

        async def ask() -> Granted:
            described = await self._description()
            token = await self._client.refresh_token(
                described["token_endpoint"],
                refresh_token=refresh_token,
                scope="",  # means the granted scopes, which may be fewer than the requested ones
                auth=self._authentication(described),
            )
            return await self._granted(described, token, former=id_token, subject=subject)

        return await self._asking(ask())

    async def farewell(self, id_token: str) -> str | None:
        """Return the address at which a browser also signs out of the provider, or None."""
        try:
            described = await self._asking(self._description())
        except ProviderAwayError:
            return None
        if "end_session_endpoint" not in described:
            return None
        said = {
            "id_token_hint": id_token,
            "client_id": self._client.client_id,
            "post_logout_redirect_uri": f"{self._home}/",
        }
        return str(httpx2.URL(described["end_session_endpoint"]).copy_merge_params(said))

    async def signed_out(self, logout_token: str) -> tuple[str | None, str | None]:
        """Return the subject and the session that a logout token names (back-channel logout).

        One of them may be None. Raises the errors of ``redeem``.
        """

        async def ask() -> tuple[str | None, str | None]:
            claims = await self._verified(logout_token, _LOGOUT_CLAIMS)
            whose = claims.get("sub"), claims.get("sid")
            if _LOGOUT not in claims["events"] or "nonce" in claims or whose == (None, None):
                raise ProviderRefusesError("this is not a logout token")
            return whose

        return await self._asking(ask())

    async def _granted(
        self,
        described: Mapping[str, Any],
        token: Mapping[str, Any],
        *,
        nonce: str | None = None,
        former: str = "",
        subject: str | None = None,
    ) -> Granted:
        access_token, id_token = str(token["access_token"]), token.get("id_token")
        claims: dict[str, Any] | None = None
        if id_token is not None or nonce is not None:
            claims = await self._verified(str(id_token or ""))
            said = {"nonce": nonce, "client_id": self._client.client_id}
            header = {"alg": self._algorithm}
            checked = CodeIDToken(claims, header, {}, said | {"access_token": access_token})
            checked.validate(leeway=self._leeway_s)
            subject = subject or str(claims["sub"])
            if claims["sub"] != subject:
                raise ProviderRefusesError("the ID token is about another person")
        if "userinfo_endpoint" in described:
            claims = (claims or {}) | await self._about(described, access_token, subject)
        return Granted(
            claims,
            str(id_token or former),
            token.get("refresh_token"),
            float(token.get("expires_in") or _DEFAULT_LIFETIME_S),
        )

    async def _about(
        self, described: Mapping[str, Any], access_token: str, subject: str | None
    ) -> dict[str, Any]:
        """Return the claims of the userinfo endpoint, often more than the ID token has."""
        answer = await self._client.request(
            "GET",
            described["userinfo_endpoint"],
            withhold_token=True,
            headers={"Authorization": f"Bearer {access_token}"},
        )
        if answer.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise ProviderRefusesError("it does not return userinfo")
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        if found["sub"] != subject:
            raise ProviderRefusesError("userinfo is about another person")
        return found

    async def _verified(self, token: str, *required: Any) -> dict[str, Any]:
        await self._description()
        assert self._verifier is not None  # noqa: S101  set by _description()
        _, claims = await self._verifier.read(token, *required)
        return claims

    def _authentication(self, described: Mapping[str, Any]) -> Any:
        """Return how this system authenticates itself at the token endpoint."""
        ways = described.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        basic, post = "client_secret_basic", "client_secret_post"
        return self._client.client_auth(basic if basic in ways or post not in ways else post)

    async def _description(self) -> Mapping[str, Any]:
        """Return the provider's discovery document; the last known one if the provider is away."""
        async with self._describing:
            now_s = time.monotonic()
            has_cooled_down = now_s - self._tried_at_s >= COOLDOWN_S
            if now_s - self._described_at_s > _FRESH_S and has_cooled_down:
                self._tried_at_s = now_s
                try:
                    self._describe(await self._fetch_description())
                    self._described_at_s = now_s
                except (httpx2.HTTPError, ValueError, KeyError, TypeError, RecursionError) as exc:
                    self._undescribed = f"its description: {type(exc).__name__}: {exc}"
            if not self._described:
                raise ProviderAwayError(self._undescribed)
            return self._described

    async def _fetch_description(self) -> Mapping[str, Any]:
        url = get_well_known_url(self._issuer, external=True)
        answer = await self._client.request("GET", url, withhold_token=True)
        answer.raise_for_status()
        found: Mapping[str, Any] = OpenIDProviderMetadata(answer.json())
        return found

    def _describe(self, found: Mapping[str, Any]) -> None:
        if found.get("issuer") != self._issuer:
            raise ValueError("issuer is not OIDC_ISSUER")
        for name in (*_ENDPOINTS, *(each for each in _OPTIONAL_ENDPOINTS if each in found)):
            if not keeps_secrets_at(str(found[name])):
                raise ValueError(f"{name} must be an https address")
        algorithms = found.get("id_token_signing_alg_values_supported") or ["RS256"]
        if self._algorithm not in algorithms:
            raise ValueError(f"OIDC_ALGORITHM must be one of {', '.join(algorithms)}")
        if self._verifier is None or found["jwks_uri"] != self._described["jwks_uri"]:
            keys = KeySet(found["jwks_uri"], self._algorithm)
            self._verifier = Verifier(
                keys, self._algorithm, self._client.client_id, self._issuer, self._leeway_s
            )
        self._described = found

    async def _asking(self, asked: Awaitable[T]) -> T:
        """Await ``asked`` with a time limit and translate its errors.

        Log when the provider stops answering, and when it answers again.
        """
        try:
            async with asyncio.timeout(_WITHIN_S):
                answer = await asked
        except OAuthError as exc:
            if exc.error in _ENDS_SESSIONS:
                raise ProviderRefusesError(str(exc.error)) from None
            raise self._away(f"it answers {exc.error}: {exc.description}") from None
        except (InvalidTokenError, JoseError) as exc:
            raise ProviderRefusesError(f"ID token: {exc}") from None
        except ProviderAwayError as exc:
            raise self._away(str(exc)) from None
        except (
            httpx2.HTTPError,
            httpx2.InvalidURL,
            KeysUnavailableError,
            TimeoutError,
            ValueError,
            LookupError,
            TypeError,
            RecursionError,  # JSON that is nested too deep
        ) as exc:
            raise self._away(f"{type(exc).__name__} {exc}".strip()) from None
        if self._is_away:
            self._is_away = False
            logger.info("company_login_is_back")
        return answer

    def _away(self, reason: str) -> ProviderAwayError:
        if not self._is_away:
            self._is_away = True
            logger.warning("company_login_away", issuer=self._issuer, reason=reason[:300])
        return ProviderAwayError(reason)
