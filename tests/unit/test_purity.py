"""Which modules may import what, read from their source."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_SOURCES = [*_ROOT.glob("packages/*/src"), *_ROOT.glob("services/*/src"), _ROOT / "cli" / "src"]

_SERVICES = {"orders_api", "orders_listener", "orders_gateway", "orders_cli"}
_SHARED = "orders_contract"
_SERVICE = "orders_service"
_ACCESS = "orders_access"
_CLIENT = "real_time_orders"

_IMPURE = {
    "aiohttp",
    "anyio",
    "asyncio",
    "concurrent",
    "fastapi",
    "http",
    "httpx",
    "io",
    "logging",
    "multiprocessing",
    "os",
    "pathlib",
    "psycopg",
    "psycopg_pool",
    "queue",
    "redis",
    "requests",
    "sched",
    "select",
    "selectors",
    "shutil",
    "signal",
    "socket",
    "sqlite3",
    "ssl",
    "starlette",
    "structlog",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib.request",
    "uvicorn",
    "uvloop",
    "websockets",
}
_IMPURE_CALLS = {"open", "print", "input", "exec", "eval", "__import__"}

_CLAIMED = {
    "orders_access.claims",
    "orders_access.credentials",
    "orders_access.limits",
    "orders_access.origins",
    "orders_access.principal",
    "orders_api.bodies",
    "orders_api.columns",
    "orders_api.cursor",
    "orders_api.company_rules",
    "orders_api.filters",
    "orders_api.login",
    "orders_api.preconditions",
    "orders_cli.conversion",
    "orders_cli.mapping",
    "orders_cli.timeline",
    "orders_cli.traffic",
    "real_time_orders.book",
    "real_time_orders.event_stream",
    "real_time_orders.fallback",
    "real_time_orders.items",
    "real_time_orders.kinds",
    "real_time_orders.ordering",
    "real_time_orders.view",
    "real_time_orders.protocol",
    "orders_contract.backoff",
    "orders_contract.batches",
    "orders_contract.events",
    "orders_contract.filter_index",
    "orders_contract.folding",
    "orders_contract.matching",
    "orders_contract.messages",
    "orders_contract.names",
    "orders_contract.schema",
    "orders_contract.sorting",
    "orders_gateway.balance",
    "orders_gateway.compression",
    "orders_gateway.conflation",
    "orders_gateway.hub",
    "orders_gateway.protocol",
    "orders_gateway.reader",
    "orders_gateway.ring",
    "orders_gateway.transport",
    "orders_listener.batch_size",
    "orders_listener.log_bounds",
    "orders_listener.pace",
    "orders_listener.stall",
}
"""These modules must be pure. Every other module whose docstring says "Pure" is checked, too."""

_VALUES_ONLY = {
    # It puts paths and signal numbers into commands; it opens and sends nothing.
    "orders_cli.stack.plan": {"pathlib", "signal"},
}

_FORBIDDEN = {
    "orders_gateway": {"psycopg", "psycopg_pool", "sqlalchemy", "asyncpg"},
    "orders_api": {"websockets", "httpx", "aiohttp", "requests"},
    "orders_listener": {"websockets", "fastapi", "uvicorn", "httpx"},
}
"""I9: gateways never touch PostgreSQL, the API calls no service, the listener sees no client."""


@dataclass
class _Module:
    """A module's name and its syntax tree."""

    name: str
    tree: ast.Module

    @property
    def distribution(self) -> str:
        """The package at its root."""
        return self.name.partition(".")[0]

    @property
    def claims_purity(self) -> bool:
        """Whether its docstring says that it is pure."""
        return "Pure" in (ast.get_docstring(self.tree) or "")

    @cached_property
    def imports(self) -> list[str]:
        """Every module it imports, anywhere in it."""
        found: list[str] = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.name}: imports are absolute here"
                # Of ``from a import b``, b may be a module.
                found += [node.module or "", *(f"{node.module}.{each.name}" for each in node.names)]
        return found

    def calls(self) -> Iterator[str]:
        """Yield the plain names it calls."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                yield node.func.id


@cache
def _modules() -> dict[str, _Module]:
    """Parse every module when the first test asks: each worker collects this file, one runs it."""
    found = {}
    for source in _SOURCES:
        for path in sorted(source.rglob("*.py")):
            name = ".".join(path.relative_to(source).with_suffix("").parts)
            name = name.removesuffix(".__init__")
            found[name] = _Module(name, ast.parse(path.read_text()))
    return found


def _is_pure(name: str) -> bool:
    """Return whether the docstring of a module, or of a package around it, says that it is pure."""
    parts = name.split(".")
    around = (".".join(parts[:length]) for length in range(1, len(parts) + 1))
    return any(_modules()[each].claims_purity for each in around)


@cache
def _pure() -> dict[str, _Module]:
    return {name: module for name, module in _modules().items() if _is_pure(name)}


def _among(imported: str, names: set[str]) -> bool:
    return any(imported == name or imported.startswith(f"{name}.") for name in names)


def test_the_deciding_modules_are_pure() -> None:
    """The modules that decide say that they are pure, so the checks below find them."""
    assert set(_pure()) >= _CLAIMED


def test_pure_modules_import_no_io() -> None:
    """A pure module uses no clock, socket, file, driver or event loop."""
    for name, module in _pure().items():
        forbidden = _IMPURE - _VALUES_ONLY.get(name, set())
        assert not [each for each in module.imports if _among(each, forbidden)], name
        assert not _IMPURE_CALLS & set(module.calls()), name


def test_pure_modules_import_only_pure_modules() -> None:
    """A pure module imports only pure modules of the project, and errors."""
    for name, module in _pure().items():
        if name not in _VALUES_ONLY:
            ours = [each for each in module.imports if each in _modules() and "." in each]
            impure = [each for each in ours if not _is_pure(each)]
            assert not [each for each in impure if not each.endswith(".errors")], name


def test_distributions_share_the_contract_only() -> None:
    """I9: a service imports no other service, only the packages that it shares with others.

    API and gateway share the rules of access. The CLI uses the client package and issues tokens.
    """
    for name, module in _modules().items():
        others = (_SERVICES | {_SHARED, _SERVICE, _ACCESS, _CLIENT}) - {module.distribution}
        if module.distribution != _SHARED:
            others.remove(_SHARED)
        if module.distribution in _SERVICES | {_ACCESS}:
            others.discard(_SERVICE)
        if module.distribution in {"orders_api", "orders_gateway", "orders_cli"}:
            others.remove(_ACCESS)
        if module.distribution == "orders_cli":
            others.remove(_CLIENT)
        assert not [each for each in module.imports if _among(each, others)], name


@pytest.mark.parametrize("distribution", sorted(_FORBIDDEN))
def test_service_imports_no_forbidden_driver(distribution: str) -> None:
    """I9: a service imports no client of what it must not talk to."""
    modules = [each for each in _modules().values() if each.distribution == distribution]
    assert modules
    for module in modules:
        forbidden = _FORBIDDEN[distribution]
        assert not [each for each in module.imports if _among(each, forbidden)], module.name


def test_the_api_asks_the_company_login_alone() -> None:
    """I9: one module of the API makes requests: to the company's provider."""
    clients = {"httpx2", "authlib", "urllib.request"}
    asking = {
        each.name
        for each in _modules().values()
        if each.distribution == "orders_api" and any(_among(i, clients) for i in each.imports)
    }
    assert asking == {"orders_api.provider"}


@pytest.mark.parametrize("distribution", sorted(_FORBIDDEN))
def test_service_depends_on_no_forbidden_driver(distribution: str) -> None:
    """I9: a service does not depend on a client of what it must not talk to."""
    folder = distribution.removeprefix("orders_")
    manifest = tomllib.loads((_ROOT / "services" / folder / "pyproject.toml").read_text())
    wanted = {
        each.partition(">")[0].partition("[")[0].replace("-", "_")
        for each in manifest["project"]["dependencies"]
    }
    assert _SHARED in wanted
    assert not wanted & (_FORBIDDEN[distribution] | _SERVICES)


def test_authlib_is_loaded_for_a_company_login_only() -> None:
    """Without a company login the API does not import authlib, which takes 0.1 s of CPU."""
    code = "import sys, orders_api.app; print('authlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
