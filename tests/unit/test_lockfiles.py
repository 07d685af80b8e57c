"""Lockfiles name versions and hashes. The registry is that of whoever installs."""

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
LOCKFILES = [
    *REPOSITORY.glob("requirements/*.txt"),
    REPOSITORY / "package-lock.json",
    REPOSITORY / "tests/integration/orms/package-lock.json",
    REPOSITORY / "tests/openid/package-lock.json",
    *REPOSITORY.glob("bench/*/package-lock.json"),
    *REPOSITORY.glob("bench/rivals/*/package-lock.json"),
]


@pytest.mark.parametrize("file", LOCKFILES, ids=lambda file: str(file.relative_to(REPOSITORY)))
def test_no_lockfile_contains_an_address(file: Path) -> None:
    """A registry's host in a lockfile would be asked by everyone else, too."""
    assert "://" not in file.read_text(encoding="utf-8")
