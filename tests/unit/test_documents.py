"""The documents."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "tests/harness/README.md"]
DOCUMENTS += [*(ROOT / "deploy").rglob("*.md"), *ROOT.glob("examples/*/README.md")]
DOCUMENTS += [*ROOT.glob("packages/*/README.md"), ROOT / "tests/vectors/README.md"]
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    """Every link to a file of the repository leads to one."""
    links = [link for link in _LINK.findall(document.read_text("utf-8")) if "://" not in link]
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_keys_and_tokens_stay_out_of_the_repository() -> None:
    """Git ignores the files with keys and tokens that the documents' commands write into it."""
    guide = (ROOT / "deploy/kubernetes/README.md").read_text("utf-8")
    written = set(re.findall(r"\$PWD/([\w.-]+)|orders token [^>\n]*>([\w.-]+)", guide))
    names = {name for pair in written for name in pair if name}
    assert names
    ignored = (ROOT / ".gitignore").read_text("utf-8").replace("/token", "token").splitlines()
    assert names <= set(ignored)


def test_the_checklist_names_tests_that_exist() -> None:
    """docs/security.md names each test of ASVS by a letter for its file and its name."""
    text = (ROOT / "docs/security.md").read_text("utf-8")
    files = dict(re.findall(r"`([A-Z])` is\s`([\w/]+\.py)`", text))
    named = re.findall(r"\b([A-Z]) ((?:`\w+`(?:, )?)+)", text)
    tests = {(letter, name) for letter, names in named for name in re.findall(r"`(\w+)`", names)}
    assert set(files) == {letter for letter, _ in tests}
    sources = {letter: (ROOT / "tests" / file).read_text("utf-8") for letter, file in files.items()}
    missing = {(a, name) for a, name in tests if f"def test_{name}(" not in sources[a]}
    assert missing == set()
