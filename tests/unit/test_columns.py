"""Product code names no column of an owner, read from its source (I10)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_FILES = sorted(
    file
    for source in (*_ROOT.glob("packages/*/src"), *_ROOT.glob("services/*/src"), _ROOT / "cli/src")
    for file in source.rglob("*.py")
)
_SEED = re.compile(r"customer_name|product_name")
_ALLOWED = {
    "orders_cli.stack.console": "an example of a request, for people",
    "orders_cli.mapping": "headers that shops export",
}
"""Modules that may name columns of the seed, and why; besides, settings have them as defaults."""


def _named(tree: ast.Module) -> Iterator[str]:
    """Yield columns of the seed in names and strings; docstrings do not count."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    defaults = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign | ast.Assign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and target.id.lower().endswith("_column")
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in docstrings | defaults and _SEED.search(node.value):
                yield node.value
        elif isinstance(node, ast.Name | ast.arg | ast.Attribute):
            name = {ast.Name: "id", ast.arg: "arg", ast.Attribute: "attr"}[type(node)]
            if _SEED.search(getattr(node, name)):
                yield getattr(node, name)


def test_code_names_no_column_of_an_owner() -> None:
    """I10: columns come from the catalog; names of the seed's are only defaults of settings."""
    found = {}
    for file in _FILES:
        source = next(parent for parent in file.parents if parent.name == "src")
        module = ".".join(file.relative_to(source).with_suffix("").parts)
        text = file.read_text()
        if module not in _ALLOWED and _SEED.search(text):
            found[module] = list(_named(ast.parse(text)))
    assert {module: names for module, names in found.items() if names} == {}
