"""Fixtures and options of all tests, and the order in which workers get them."""

import signal
from functools import cache

import pytest
from httpx._config import DEFAULT_TIMEOUT_CONFIG, create_ssl_context
from httpx._transports import default as transports
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from harness.containers import docker_missing

_OWN_SYSTEMS = (
    "browser/test_attached.py",
    "browser/test_company_login.py",
    "browser/test_sessions.py",
    "browser/test_sign_in.py",
    "e2e/test_attached.py",
    "e2e/test_backup.py",
    "e2e/test_import_export.py",
    "e2e/test_up.py",
    "e2e/docker/test_attach.py",
    "e2e/docker/test_documents.py",
    "e2e/docker/test_redis.py",
)
"""Tests of the dashboard and end-to-end tests that do not use the shared systems."""
_LONG = ("test_replay.py", "test_unfinished_requests.py")
"""Scenarios whose subject is the same in containers; there they run with ``-m full`` only."""
_FOLDERS = ("browser", "e2e", "prove")
_SECOND_HALF = "tests/browser/test_g"
"""Tests of the dashboard from here on share a second system: one worker with all of them would end
long after the others, and a system costs a thirtieth of their CPU time."""
_CONTAINER_TESTS = "tests/e2e/docker/"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, as the services do."""
    return "asyncio"


def pytest_configure() -> None:
    """Handle Ctrl-C, also in children (background jobs of a shell ignore it); set no deadlines.

    All clients share the certificates of the authorities: reading them takes 15 ms of CPU, and the
    tests make thousands of clients, most of them for one request to this machine.
    """
    setattr(transports, create_ssl_context.__name__, cache(create_ssl_context))
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
    """Sort the longest scopes first: no worker waits for another's at the end."""
    file = item.nodeid.partition("::")[0]
    if _scope(file) != file:
        return 0
    folder = file.split("/")[1]
    return 1 + (_FOLDERS.index(folder) if folder in _FOLDERS else len(_FOLDERS))


def _scope(file: str) -> str:
    """Return the name of what runs on one worker: a file, or files that share a system."""
    if not file.endswith(_OWN_SYSTEMS):
        if file.startswith("tests/browser/"):
            return "browser 1" if file < _SECOND_HALF else "browser 2"
        if file.startswith("tests/e2e/"):
            return "e2e"
    return file


def _of_embedded(item: pytest.Item) -> bool:
    return not item.nodeid.startswith(_CONTAINER_TESTS)


def _of_docker(item: pytest.Item) -> bool:
    shared = "world" in getattr(item, "fixturenames", ())
    return shared or item.nodeid.startswith(_CONTAINER_TESTS)


class Scheduling(LoadScopeScheduling):
    """Assigns whole files to workers, and files that share a running system to the same worker.

    Starting a system takes six seconds of a core.
    """

    def _split_scope(self, nodeid: str) -> str:
        return _scope(nodeid.partition("::")[0])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """Use the scheduling above."""
    return Scheduling(config, log)
