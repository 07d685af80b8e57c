"""The JSON Schema of the messages."""

from pathlib import Path

from orders_contract import json_schema

_FILE = Path(__file__).resolve().parents[3] / "packages/contract/messages.schema.json"


def test_committed_schema_is_current() -> None:
    """Writing the file again gives the same file."""
    assert _FILE.read_text() == json_schema.document()
