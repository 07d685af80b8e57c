"""The API's settings."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from orders_api.settings import Settings


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_password_has_no_default() -> None:
    """The database password is required."""
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert [error["loc"] for error in caught.value.errors()] == [("db_password",)]


def test_password_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """DB_PASSWORD_FILE names a file that holds the secret; DB_PASSWORD takes precedence."""
    (tmp_path / "secret").write_text("from the file\n")
    monkeypatch.setenv("DB_PASSWORD_FILE", str(tmp_path / "secret"))
    assert Settings().db_password.get_secret_value() == "from the file"
    monkeypatch.setenv("DB_PASSWORD", "given")
    assert Settings().db_password.get_secret_value() == "given"


def test_password_file_that_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A missing password file is named, and so is the missing password."""
    monkeypatch.setenv("DB_PASSWORD_FILE", str(tmp_path / "none"))
    with pytest.raises(ValidationError) as caught:
        Settings()
    wrong = {error["loc"] for error in caught.value.errors()}
    assert wrong == {("db_password",), ("db_password_file",)}
