"""The gateway's settings."""

import pytest
from pydantic import ValidationError

from harness.refusals import assert_names, refusal
from orders_gateway.settings import Settings


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_defaults_suffice() -> None:
    """With Redis on this machine no setting is needed; the gateway listens on loopback only."""
    settings = Settings()
    assert (settings.ws_host, settings.ws_port) == ("127.0.0.1", 8080)
    assert settings.redis_servers().hosts == (("localhost", 6379),)
    assert settings.gateway_id


def test_no_setting_names_a_database() -> None:
    """I9: a gateway has no settings of PostgreSQL."""
    assert not [name for name in Settings.model_fields if name.startswith("db_")]


def test_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each setting comes from the environment variable of its name."""
    monkeypatch.setenv("WS_PORT", "8081")
    monkeypatch.setenv("GATEWAY_ID", "gateway-2")
    monkeypatch.setenv("HEARTBEAT_INTERVAL_S", "0.5")
    settings = Settings()
    assert (settings.ws_port, settings.gateway_id) == (8081, "gateway-2")
    assert settings.heartbeat_interval_s == 0.5


def test_settings_are_frozen() -> None:
    """Settings cannot be changed while the gateway runs."""
    with pytest.raises(ValidationError):
        Settings().ws_port = 1  # type: ignore[misc]  # that is the point


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WS_PORT", "0"),
        ("WS_PORT", "65536"),
        ("WS_PORT", "eighty"),
        ("REDIS_URL", "http://localhost"),
        ("API_URL", "localhost:8000"),
        ("HEARTBEAT_INTERVAL_S", "0"),
        ("HEARTBEAT_INTERVAL_S", "nan"),
        ("PING_INTERVAL_S", "-1"),
        ("PING_TIMEOUT_S", "soon"),
        ("RING_MAX_EVENTS", "0"),
        ("RING_MAX_BYTES", "1.5"),
        ("MAX_CONNECTIONS", "-3"),
        ("MAX_MEMORY_MB", "-1"),
        ("MAX_MESSAGE_BYTES", "0"),
        ("MESSAGES_PER_SECOND", "0"),
        ("MESSAGES_BURST", "0"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_bad_value_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """A bad value is an error that names this setting and no other."""
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert [error["loc"] for error in caught.value.errors()] == [(name.lower(),)]


def test_process_refuses_a_bad_setting() -> None:
    """The gateway names the bad setting and exits with status 2."""
    assert_names(refusal("orders_gateway", {"WS_PORT": "eighty"}), "WS_PORT")
