"""The script's list of its own tables."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = (ROOT / "db" / "init.sql").read_text(encoding="utf-8")
CREATED = set(re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+) \(", SCRIPT)) - {"orders"}


def test_every_table_is_listed() -> None:
    """``order_own_tables()`` names each table that the script creates, so that none is watched."""
    body = SCRIPT.partition("FUNCTION order_own_tables()")[2].partition("END;")[0]
    assert set(re.findall(r"'(\w+)'", body)) == CREATED


def test_every_table_is_in_the_document() -> None:
    """docs/attach.md names each table that an attach creates."""
    document = (ROOT / "docs" / "attach.md").read_text(encoding="utf-8")
    assert {each for each in CREATED if f"`{each}`" not in document} == set()
