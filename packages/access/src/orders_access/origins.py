"""Which hosts and which pages of browsers may talk to this system. Pure."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit


def is_local_name(name: str) -> bool:
    """Return whether a host name or address is the loopback of this machine."""
    if name == "localhost":
        return True
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=64)  # called for every request, nearly always with the same host
def host_is_ours(host: str) -> bool:
    """Return, for open mode, whether a Host header names this machine.

    Any other name may be a domain whose owner lets it resolve to the loopback address (DNS
    rebinding); its pages would count as ours. Names without a dot belong to the inner network.
    """
    name = _hostname(f"//{host}")
    return is_local_name(name) or ("." not in name and ":" not in name and name != "")


def origin_is_ours(
    origin: str | None, host: str, allowed: str, *, over_https: bool = False
) -> bool:
    """Return whether a page of this origin may connect.

    A client that sends no origin is not a web page, and may connect. ``host`` is the Host header,
    ``allowed`` lists further origins, separated by spaces. A site that is ``over_https`` does not
    trust pages that were loaded over plain HTTP.
    """
    if origin is None or origin in allowed.split():
        return True
    scheme, _, authority = origin.partition("://")
    schemes = {"https"} if over_https else {"http", "https"}
    return scheme in schemes and authority != "" and authority == host


def is_own_page(
    origins: Sequence[str], fetch_sites: Sequence[str], host: str, *, over_https: bool
) -> bool:
    """Return whether a request with a cookie comes from a page of this system itself.

    A browser attaches cookies to the requests of any page, so a header must name the page: Origin,
    or Sec-Fetch-Site where the browser sends no Origin (GET within one origin). The setting
    ``allowed_origins`` does not count. ``origins`` and ``fetch_sites`` are the values of all such
    headers; no browser sends two.
    """
    if len(origins) > 1 or list(fetch_sites) not in ([], ["same-origin"]):
        return False
    if not origins:
        return len(fetch_sites) == 1
    return origin_is_ours(origins[0], host, "", over_https=over_https)


def keeps_secrets(host: str, *, over_https: bool) -> bool:
    """Return whether a password may be sent to this host: over HTTPS, or within this machine."""
    return over_https or is_local_name(_hostname(f"//{host}"))


def keeps_secrets_at(url: str) -> bool:
    """Return whether a secret may be sent to a URL: over HTTPS, or within this machine."""
    scheme, _, rest = url.partition("://")
    if scheme not in {"http", "https"} or not _hostname(url):
        return False
    return keeps_secrets(rest, over_https=scheme == "https")


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
