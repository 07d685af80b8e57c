"""Whether a browser's page may talk to us: its Origin, and the Host it believes us to be. Pure."""

from functools import lru_cache
from urllib.parse import urlsplit

from orders_access.names import is_local_name


@lru_cache(maxsize=64)  # asked with every request, and nearly always the same
def host_is_ours(host: str) -> bool:
    """Tell, in open mode, whether a Host header is one of this machine's own names.

    Another name means that somebody's domain was made to lead to the loopback (DNS rebinding): a
    page from there would count as of our origin. Names without a dot are of the inner network.
    """
    name = _hostname(f"//{host}")
    return is_local_name(name) or ("." not in name and ":" not in name and name != "")


def origin_is_ours(origin: str | None, host: str, allowed: str) -> bool:
    """Tell whether a page of that origin may connect; without an origin it is no page.

    ``host`` is the Host header, ``allowed`` lists further origins, space separated.
    """
    if origin is None:
        return True
    if origin in allowed.split():
        return True
    scheme, _, authority = origin.partition("://")
    return scheme in {"http", "https"} and authority != "" and authority == host


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
