"""The script's list of its own tables."""

import re
from pathlib import Path

SCRIPT = (Path(__file__).parents[2] / "db" / "init.sql").read_text(encoding="utf-8")


def test_every_table_is_listed() -> None:
    """``order_own_tables()`` names each table that the script creates, so that none is watched."""
    created = set(re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+) \(", SCRIPT)) - {"orders"}
    body = SCRIPT.partition("FUNCTION order_own_tables()")[2].partition("END;")[0]
    assert set(re.findall(r"'(\w+)'", body)) == created
