"""The cookies of sessions and sign-ins, and a request's origin: its page, protocol and address."""

from starlette.datastructures import Headers
from starlette.types import Scope

from orders_access.credentials import (
    Credential,
    cookie,
    login_cookie,
    of_cookies,
    session_cookie,
)
from orders_access.limits import address_key, plain_address
from orders_access.origins import is_own_page, keeps_secrets
from orders_api.login import LASTS_S


def host_of(scope: Scope) -> str:
    """Return the Host header."""
    hosts = (value for name, value in scope["headers"] if name == b"host")
    found: bytes = next(hosts, b"")
    return found.decode("latin-1")


def address_of(scope: Scope) -> str:
    """Return the key under which a client's requests are counted: its address or network."""
    return address_key(_peer(scope))


def shown_address(scope: Scope) -> str:
    """Return a client's address as people see it in the list of their sessions."""
    return plain_address(_peer(scope))


def _peer(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def is_over_https(scope: Scope) -> bool:
    """Return whether the browser uses HTTPS, according to the trusted edge in front of the API."""
    return bool(scope["scheme"] == "https")


def takes_passwords(scope: Scope) -> bool:
    """Return whether a password may be sent: over HTTPS, or within this machine."""
    return keeps_secrets(host_of(scope), over_https=is_over_https(scope))


def session_of(scope: Scope, headers: Headers) -> Credential | None:
    """Return the session in a request's cookies; None without one."""
    return of_cookies(headers.getlist("cookie"), _name(scope))


def is_from_own_page(scope: Scope, headers: Headers) -> bool:
    """Return whether a page of this system sent a request."""
    origins, sites = headers.getlist("origin"), headers.getlist("sec-fetch-site")
    return is_own_page(origins, sites, host_of(scope), over_https=is_over_https(scope))


def set_cookie(scope: Scope, secret: str) -> str:
    """Return the Set-Cookie header for a session; an empty secret removes the cookie.

    The cookie has no lifetime, so on a shared computer it ends when the browser is closed.
    """
    return _cookie(scope, f"{_name(scope)}={secret}", "Strict", None if secret else 0)


def set_login(scope: Scope, content: str) -> str:
    """Return the Set-Cookie header of an unfinished sign-in; empty content removes the cookie.

    The cookie is not ``Strict``, because the browser must send it on the provider's redirect.
    """
    return _cookie(scope, f"{_login_name(scope)}={content}", "Lax", LASTS_S if content else 0)


def login_of(scope: Scope, headers: Headers) -> str:
    """Return the content of the cookie of an unfinished sign-in; empty without one."""
    return cookie(headers.getlist("cookie"), _login_name(scope))


def _cookie(scope: Scope, pair: str, same_site: str, max_age_s: int | None) -> str:
    parts = [pair, "Path=/", "HttpOnly", f"SameSite={same_site}"]
    parts += ["Secure"] if is_over_https(scope) else []
    parts += [] if max_age_s is None else [f"Max-Age={max_age_s}"]
    return "; ".join(parts)


def _login_name(scope: Scope) -> str:
    return login_cookie(host_of(scope), over_https=is_over_https(scope))


def _name(scope: Scope) -> str:
    return session_cookie(host_of(scope), over_https=is_over_https(scope))
