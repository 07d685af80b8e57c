"""A real OpenID provider (tests/openid), and browsers that sign in with it."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import httpx

from harness.node_programs import NODE
from harness.people import page
from harness.ports import free_port
from harness.processes import program
from harness.servers import REPOSITORY
from harness.waiting import until

FOLDER = REPOSITORY / "tests" / "openid"
IS_INSTALLED = (FOLDER / "node_modules" / "oidc-provider").is_dir()
SECRET = "a secret of the tests"
RULES = [
    {"when": {"groups": "chiefs"}, "role": "admin"},
    {"when": {"groups": ["sales", "packing"]}, "role": "clerk", "rows": {"store": ["Berlin"]}},
    {"when": {"groups": "stores"}, "role": "viewer", "rows": {"store": {"claim": "stores"}}},
]
PEOPLE: Mapping[str, dict[str, Any]] = {
    "u1": {"preferred_username": "chris@shop.example", "groups": ["all", "chiefs"]},
    "u2": {"preferred_username": "sam@shop.example", "groups": ["all", "sales"]},
    "u3": {"preferred_username": "vera@shop.example", "groups": ["stores"], "stores": ["Berlin"]},
    "u4": {"preferred_username": "guest@shop.example", "groups": ["all"]},
}
CALLBACK = "/api/session/company/callback"


class OpenId:
    """The provider: its address, and how it behaves."""

    def __init__(self, issuer: str, origin: str) -> None:
        """``origin`` is the address at which people reach the system."""
        self.issuer = issuer
        self.origin = origin

    def settings(self) -> dict[str, str]:
        """Return the settings of the system's API."""
        return {
            "PUBLIC_URL": self.origin,
            "OIDC_ISSUER": self.issuer,
            "OIDC_CLIENT_ID": "orders",
            "OIDC_CLIENT_SECRET": SECRET,
            "OIDC_RULES": json.dumps(RULES),
            "OIDC_NAME": "Shop Ltd",
        }

    def control(self, **changes: Any) -> None:
        """Change how the provider behaves: fields of ``now`` in provider.js."""
        httpx.put(f"{self.issuer}/control", json=changes).raise_for_status()

    def reset(self) -> None:
        """Let the provider behave as at its start."""
        self.control(people=PEOPLE, lasts_s=3600, id_lasts_s=3600, clock_s=0, away=False)


@contextmanager
def openid_provider(origin: str) -> Iterator[OpenId]:
    """Start the provider for a system that its browsers reach at ``origin``."""
    port = free_port()
    provider = OpenId(f"http://localhost:{port}", origin)
    command = [str(NODE), str(FOLDER / "provider.js"), str(port), origin, SECRET]
    with program(command) as process:

        def answers() -> bool:
            assert process.running, process.output()
            try:
                provider.reset()
            except httpx.TransportError:
                return False
            return True

        until(answers, 20, "the provider answers")
        yield provider


class Browser:
    """A simple browser: it keeps cookies, of the system and of the provider."""

    def __init__(self, system: str) -> None:
        self.page = page(system)
        self._elsewhere = httpx.Client(timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.page.close()
        self._elsewhere.close()

    def answer_for(self, person: str, back: str = "/") -> str:
        """Sign in at the provider; return the address at which it sends the browser back."""
        begun = self.page.get("/api/session/company", params={"back": back})
        assert begun.status_code == 303, begun.text
        return self.at_provider(begun.headers["Location"], person)

    def at_provider(self, address: str, person: str) -> str:
        """Sign in as a person at a provider's address; return the address it redirects to."""
        for _ in range(20):
            assert address.startswith("http")
            shown = self._elsewhere.get(address)
            if shown.status_code == 200:
                form = {"prompt": "login", "login": person, "password": "any"}
                shown = self._elsewhere.post(address, data=form)
            assert shown.status_code in {302, 303}, shown.text
            address = str(shown.url.join(shown.headers["Location"]))
            if CALLBACK in address:
                return address
        raise AssertionError(address)

    def sign_in(self, person: str, back: str = "/") -> str:
        """Sign in; return the path of the page that the browser comes to."""
        return self.go(self.answer_for(person, back))

    def go(self, address: str) -> str:
        """Follow the provider's answer; return the path of the page that the browser comes to."""
        # The browser comes from the provider's page, so it sends no Origin, and cross-site.
        came = self.page.get(address, headers={"Sec-Fetch-Site": "cross-site", "Origin": ""})
        assert came.status_code == 303, came.text
        return str(came.headers["Location"])

    def leave(self, address: str) -> str:
        """Sign out at the provider; return the address it redirects to, without its query."""
        shown = self._elsewhere.get(address)
        assert shown.status_code == 200, shown.text
        (action,) = re.findall(r'action="([^"]+)"', shown.text)
        (xsrf,) = re.findall(r'name="xsrf" value="([^"]+)"', shown.text)
        left = self._elsewhere.post(action, data={"xsrf": xsrf, "logout": "yes"})
        assert left.status_code in {302, 303}, left.text
        return left.headers["Location"].partition("?")[0]

    def shown(self, address: str) -> str:
        """Return the provider's page at an address."""
        return self._elsewhere.get(address, follow_redirects=True).text
