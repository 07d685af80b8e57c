"""The listener's settings."""

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict
from pydantic import ValidationError

from harness.refusals import assert_names, refusal
from orders_listener.retention import Retention
from orders_listener.settings import CONNECT_TIMEOUT_S, SESSION, Settings

_PASSWORD = "s3cret 'with' spaces"


@pytest.fixture(autouse=True)
def _only_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("DB_PASSWORD", _PASSWORD)


def test_password_suffices() -> None:
    """Everything but the password has a default; the health page listens on the loopback."""
    settings = Settings()
    assert (settings.db_host, settings.db_port) == ("localhost", 5432)
    assert (settings.listener_host, settings.listener_port) == ("127.0.0.1", 8001)
    assert settings.listener_id


def test_password_has_no_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """The password has no default."""
    monkeypatch.delenv("DB_PASSWORD")
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert [error["loc"] for error in caught.value.errors()] == [("db_password",)]


def test_password_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """DB_PASSWORD_FILE names a file with the password; DB_PASSWORD itself wins."""
    (tmp_path / "secret").write_text("from the file\n")
    monkeypatch.setenv("DB_PASSWORD_FILE", str(tmp_path / "secret"))
    assert Settings().db_password.get_secret_value() == _PASSWORD
    monkeypatch.delenv("DB_PASSWORD")
    assert Settings().db_password.get_secret_value() == "from the file"


def test_password_file_that_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The error names both the file and the missing password."""
    monkeypatch.delenv("DB_PASSWORD")
    monkeypatch.setenv("DB_PASSWORD_FILE", str(tmp_path / "none"))
    with pytest.raises(ValidationError) as caught:
        Settings()
    wrong = {error["loc"] for error in caught.value.errors()}
    assert wrong == {("db_password",), ("db_password_file",)}


def test_password_is_not_shown() -> None:
    """Printing the settings does not print the password."""
    assert _PASSWORD not in repr(Settings())


def test_connection_string(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values reach PostgreSQL's client unchanged, with any characters."""
    monkeypatch.setenv("DB_HOST", "db.example")
    monkeypatch.setenv("DB_NAME", "orders two")
    parsed = conninfo_to_dict(Settings().conninfo("listener", CONNECT_TIMEOUT_S))
    assert parsed["host"] == "db.example"
    assert parsed["dbname"] == "orders two"
    assert parsed["password"] == _PASSWORD


def test_either_side_notices_a_cut() -> None:
    """I3: client and server both send keepalive probes."""
    parsed = conninfo_to_dict(Settings().conninfo("listener", CONNECT_TIMEOUT_S))
    assert int(SESSION["tcp_keepalives_idle"]) <= 5
    assert int(str(parsed["keepalives_idle"])) <= 5


@pytest.mark.parametrize(
    ("value", "retention"),
    [
        ("", None),
        ("12h", Retention(hours=12)),
        ("90d", Retention(hours=90 * 24)),
        ("2w", Retention(hours=14 * 24)),
        ("1000000", Retention(events=1_000_000)),
    ],
)
def test_retention(
    monkeypatch: pytest.MonkeyPatch, value: str, retention: Retention | None
) -> None:
    """RETENTION is a duration or a number of events; without it the log keeps everything."""
    monkeypatch.setenv("RETENTION", value)
    assert Settings().retention == retention


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PORT", "0"),
        ("DB_PORT", "65536"),
        ("DB_PORT", "five"),
        ("REDIS_URL", "localhost:6379"),
        ("LISTENER_PORT", "-1"),
        ("BATCH_MAX_EVENTS", "0"),
        ("RETENTION", "0"),
        ("RETENTION", "90 days"),
        ("RETENTION", "-5d"),
        ("RETENTION", "999999w"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_bad_value_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """A bad value is an error that names only its setting."""
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert [error["loc"] for error in caught.value.errors()] == [(name.lower(),)]


def test_process_refuses_a_bad_setting() -> None:
    """The listener names a bad setting and ends with status 2, without showing the password."""
    env = {"DB_PASSWORD": _PASSWORD, "DB_PORT": "five"}
    refused = refusal("orders_listener", env)
    assert_names(refused, "DB_PORT")
    assert _PASSWORD not in refused.stderr


def test_process_refuses_to_run_without_password() -> None:
    """Without a password the listener says so and ends with status 2."""
    assert_names(refusal("orders_listener", {}), "DB_PASSWORD")
