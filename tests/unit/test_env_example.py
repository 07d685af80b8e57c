"""``.env.example`` lists the settings."""

import re
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from orders_api.settings import Settings as ApiSettings
from orders_cli.settings import StackSettings
from orders_cli.signer import TokenSettings
from orders_gateway.settings import Settings as GatewaySettings
from orders_listener.settings import Settings as ListenerSettings

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / ".env.example"
KINDS: list[type[BaseSettings]] = [
    ApiSettings,
    ListenerSettings,
    GatewaySettings,
    StackSettings,
    TokenSettings,
]


def listed() -> dict[str, str]:
    """Return the settings of .env.example."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    pairs = [line.split("=", 1) for line in lines if line and not line.startswith("#")]
    return dict(pairs)


def of_containers() -> dict[str, set[str]]:
    """Return the settings that the Compose files read, each with its defaults there."""
    defaults: dict[str, set[str]] = {}
    for file in ROOT.glob("docker-compose*.yml"):
        # Also ${NAME:+what stands there if it is set} and ${NAME:?what is said if it is not}.
        for name, operator, default in re.findall(r"\$\{(\w+):([-+?])([^}]*)\}", file.read_text()):
            defaults.setdefault(name, set()).update({default} if operator == "-" else set())
    return defaults


def test_every_setting_is_listed_and_nothing_else() -> None:
    """.env.example lists exactly the settings that processes read."""
    known = {name.upper() for kind in KINDS for name in kind.model_fields}
    assert set(listed()) == known | of_containers().keys()


def test_the_listed_values_are_the_defaults_of_containers() -> None:
    """Copying .env.example to .env changes nothing in containers either."""
    for name, defaults in of_containers().items():
        # An empty one leaves the default to the process.
        assert listed()[name] == "" or defaults <= {listed()[name], ""}, name


@pytest.mark.parametrize("kind", KINDS)
def test_the_listed_values_are_the_defaults(
    kind: type[BaseSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copying .env.example to .env changes nothing."""
    monkeypatch.setenv("DB_PASSWORD", "secret")
    for name in listed().keys() - {"DB_PASSWORD"}:
        monkeypatch.delenv(name, raising=False)
    bare = kind()
    for name, value in listed().items():
        if name != "DB_PASSWORD":
            monkeypatch.setenv(name, value)
    assert kind() == bare
