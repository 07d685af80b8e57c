"""docs/security.md and docs/import-export.md: their commands, run as written, on one machine."""

from pathlib import Path

from harness import documents
from harness.stacks import ORDERS, EmbeddedStack, environment

BLOCKS = documents.blocks("docs/security.md") | documents.blocks("docs/import-export.md")


def follow(stack: EmbeddedStack, heading: str) -> str:
    """Run the block below a heading; the tests have other ports and another folder."""
    (commands,) = BLOCKS[heading]
    commands = commands.replace(".venv/bin/orders", ORDERS)
    commands = commands.replace("http://localhost:3000", stack.edge)
    env = environment()
    env["PATH"] = f"{Path(ORDERS).parent}:{env['PATH']}"
    return documents.run(commands, stack.folder, env, 120)


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


def test_import_and_export(stack: EmbeddedStack) -> None:
    """A file is checked, imported, imported again by its own number, and orders are exported."""
    stack.psql(
        "ALTER TABLE orders ADD COLUMN external_number text UNIQUE, ADD COLUMN total numeric"
    )
    try:
        header = "customer_name,product_name,total,Order No\n"
        (stack.folder / "orders.csv").write_text(f"{header}Document,Desk,120,A-1\n")
        (stack.folder / "edited.csv").write_text("id,customer_name,product_name\n")
        shown = follow(stack, "Import")
        assert "1 orders, 0 refused; nothing written" in shown
        assert "1 created, 0 updated" in shown
        assert stack.psql("SELECT count(*) FROM orders WHERE external_number = 'A-1'") == "1"
        stack.psql("UPDATE orders SET status = 'shipped' WHERE customer_name = 'Document'")
        follow(stack, "Export")
        assert "Document" in (stack.folder / "orders.csv").read_text()
        shipped = (stack.folder / "shipped.csv").read_text("utf-8-sig").splitlines()
        assert shipped[0] == "id,customer_name,total"
        assert {tuple(line.split(",")[1:]) for line in shipped[1:]} == {("Document", "120")}
        wanted = "SELECT count(*) FROM orders WHERE status = 'shipped' AND total >= 100"
        assert len(shipped) - 1 == int(stack.psql(wanted))
    finally:
        stack.psql("ALTER TABLE orders DROP external_number, DROP total")


def test_people(guarded: EmbeddedStack) -> None:
    """Users are made, sent links and disabled."""
    shown = follow(guarded, "People")
    assert shown.count("/set-up#") == 3
    assert shown.strip().endswith("carl is disabled")
