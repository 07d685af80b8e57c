"""docs/security.md: its commands, run as they are written, on one machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import documents
from harness.stacks import ORDERS, EmbeddedStack, environment, temporary_stack

BLOCKS = documents.blocks("docs/security.md")


@pytest.fixture(scope="module")
def guarded() -> Iterator[EmbeddedStack]:
    """Start a system that requires tokens, as the document says."""
    with temporary_stack(AUTH_MODE="token") as stack:
        yield stack


def follow(stack: EmbeddedStack, heading: str) -> str:
    """Run the block below a heading; the tests have other ports and another folder."""
    (commands,) = BLOCKS[heading]
    commands = commands.replace(".venv/bin/orders", ORDERS)
    commands = commands.replace("http://localhost:3000", stack.edge)
    return documents.run(commands, stack.folder, environment(), 120)


def test_every_block_is_run() -> None:
    """Each block of commands in the document belongs to a test of this file."""
    tested = Path(__file__).read_text(encoding="utf-8")
    assert all(f', "{heading}")' in tested for heading in BLOCKS)


def test_tokens(guarded: EmbeddedStack) -> None:
    """A token is printed, used and revoked."""
    shown = follow(guarded, "Open mode and token mode")
    assert shown.startswith("eyJ")
    assert '"orders":' in shown
    assert shown.count("revoked") == 2
    for name in ("token", "header"):
        assert (guarded.folder / name).stat().st_mode & 0o077 == 0


def test_rotation(guarded: EmbeddedStack) -> None:
    """The key is rotated and the former one retired."""
    shown = follow(guarded, "Keys")
    assert "stay valid" in shown
    assert "retired: " in shown
