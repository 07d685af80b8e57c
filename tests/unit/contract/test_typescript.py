"""``frontend/src/lib/contract.ts`` says what the models say."""

from pathlib import Path

from orders_contract import typescript

_FILE = Path(__file__).resolve().parents[3] / "frontend" / "src" / "lib" / "contract.ts"


def test_file_is_as_the_code_renders_it() -> None:
    """Writing the file anew gives the same file: the dashboard's types have not drifted."""
    assert _FILE.read_text() == typescript.render()


def test_a_field_that_may_be_missing_says_so() -> None:
    """What has a default is optional, what may be null is so in words."""
    assert "actor?: string | null;" in typescript.render()
    assert 'type: "hello";' in typescript.render()
