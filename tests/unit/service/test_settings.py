"""Settings that several services have."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from orders_service.settings import RedisSettings, refusals, with_password


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in RedisSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://cache:6379/0", "redis://:p%2Fw@cache:6379/0"),
        ("redis://api@cache:6379/0", "redis://api:p%2Fw@cache:6379/0"),
        ("rediss://api:own@cache:6379/0", "rediss://api:own@cache:6379/0"),
    ],
)
def test_password_is_added_to_a_url_that_has_none(url: str, expected: str) -> None:
    """A password is quoted and put into the URL; the URL's own password wins."""
    assert with_password(url, "p/w") == expected
    assert with_password(url, "") == url


def test_password_comes_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """REDIS_PASSWORD_FILE names a file with the password; REDIS_PASSWORD itself wins."""
    (tmp_path / "password").write_text("from-file\n")
    monkeypatch.setenv("REDIS_PASSWORD_FILE", str(tmp_path / "password"))
    assert RedisSettings().redis_servers().options["password"] == "from-file"
    monkeypatch.setenv("REDIS_PASSWORD", "given")
    assert RedisSettings().redis_servers().options["password"] == "given"


def test_refusal_names_the_setting_but_not_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence about a bad setting names it and does not repeat its value."""
    monkeypatch.setenv("REDIS_URL", "http://user:secret@cache")
    with pytest.raises(ValidationError) as refused:
        RedisSettings()
    (sentence,) = refusals(refused.value)
    assert sentence.startswith("setting REDIS_URL: is not a URL like redis://")
    assert "secret" not in sentence
