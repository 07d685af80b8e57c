"""Fixtures and options of all tests, and the order in which workers get them."""

import signal
from pathlib import Path

import pytest
from httpx._config import DEFAULT_TIMEOUT_CONFIG
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from harness.containers import docker_missing

_OWN_SYSTEMS = (
    "test_attached.py",
    "test_import_export.py",
    "test_up.py",
    "docker/test_attach.py",
    "docker/test_documents.py",
    "docker/test_redis.py",
)
"""End-to-end tests that do not use the shared systems."""
_LONG = ("test_replay.py", "test_unfinished_requests.py")
"""Scenarios whose subject is the same in containers; there they run with ``-m full`` only."""
_FOLDERS = ("browser", "e2e", "prove")
_CONTAINER_TESTS = Path(__file__).parent / "e2e" / "docker"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, as the services do."""
    return "asyncio"


def pytest_configure() -> None:
    """Handle Ctrl-C, also in children (background jobs of a shell ignore it); set no deadlines."""
    for step in ("connect", "read", "write", "pool"):  # of clients without a timeout of their own
        setattr(DEFAULT_TIMEOUT_CONFIG, step, 60.0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.register_profile("untimed", deadline=None)  # examples may take long when it is busy
    settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option ``--world``."""
    parser.addoption(
        "--world",
        choices=["embedded", "docker"],
        default="embedded",
        help="what the scenarios of tests/e2e run against: `orders up` (default) or containers",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Select the tests of the chosen world; without Docker, skip those that need it."""
    in_containers = config.getoption("world") == "docker"
    chosen = _of_docker if in_containers else _of_embedded
    config.hook.pytest_deselected(items=[item for item in items if not chosen(item)])
    items[:] = sorted((item for item in items if chosen(item)), key=_turn)
    for item in items:
        if in_containers and item.path.name in _LONG:
            item.add_marker(pytest.mark.full)
    if in_containers and items and (missing := docker_missing()):
        items[0].add_marker(pytest.mark.skip(reason=f"no containers here: {missing}"))
        config.hook.pytest_deselected(items=items[1:])
        del items[1:]  # one skipped test is enough


def _turn(item: pytest.Item) -> int:
    """Sort the folders with the longest files first: no worker waits for another's at the end."""
    folder = item.path.relative_to(Path(__file__).parent).parts[0]
    return _FOLDERS.index(folder) if folder in _FOLDERS else len(_FOLDERS)


def _of_embedded(item: pytest.Item) -> bool:
    return not item.path.is_relative_to(_CONTAINER_TESTS)


def _of_docker(item: pytest.Item) -> bool:
    shared = "world" in getattr(item, "fixturenames", ())
    return shared or item.path.is_relative_to(_CONTAINER_TESTS)


class Scheduling(LoadScopeScheduling):
    """Assigns whole files to workers, and files that share a running system to the same worker.

    Starting a system takes six seconds of a core.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file.startswith("tests/e2e/") and not file.endswith(_OWN_SYSTEMS):
            return "e2e"
        if file.startswith("tests/browser/"):
            return "browser"
        return file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """Use the scheduling above."""
    return Scheduling(config, log)
