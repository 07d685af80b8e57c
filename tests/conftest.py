"""What every kind of test needs, and which world the end-to-end tests run in."""

import signal
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from harness.containers import docker_missing

_CONTAINER_TESTS = Path(__file__).parent / "e2e" / "docker"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, as the services do."""
    return "asyncio"


def pytest_configure() -> None:
    """Hear Ctrl-C, and let what is started hear it: a shell's background job is born deaf to it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the command line choose the world."""
    parser.addoption(
        "--world",
        choices=["embedded", "docker"],
        default="embedded",
        help="what the scenarios of tests/e2e run against: `orders up` (default) or containers",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of the chosen world; without Docker skip those that need it."""
    in_containers = config.getoption("world") == "docker"
    chosen = _of_docker if in_containers else _of_embedded
    config.hook.pytest_deselected(items=[item for item in items if not chosen(item)])
    items[:] = [item for item in items if chosen(item)]
    if in_containers and items and (missing := docker_missing()):
        items[0].add_marker(pytest.mark.skip(reason=f"no containers here: {missing}"))
        config.hook.pytest_deselected(items=items[1:])
        del items[1:]  # one line says it


def _of_embedded(item: pytest.Item) -> bool:
    return not item.path.is_relative_to(_CONTAINER_TESTS)


def _of_docker(item: pytest.Item) -> bool:
    shared = "world" in getattr(item, "fixturenames", ())
    return shared or item.path.is_relative_to(_CONTAINER_TESTS)


class Scheduling(LoadScopeScheduling):
    """Gives each worker whole files, and files that share a running system to the same worker.

    Starting a system takes six seconds of a core.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file.startswith("tests/e2e/"):
            return "e2e"
        if file.startswith("tests/browser/") and "test_dashboard" not in file:
            return "browser"
        return file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """Have it our way."""
    return Scheduling(config, log)
