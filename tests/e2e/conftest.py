from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from harness.containers import ContainerStack, interruptible
from harness.stacks import EmbeddedStack, temporary_stack
from harness.world import World

_LOG_SHOWN = 6_000
_MADE = pytest.StashKey[list[EmbeddedStack]]()


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStack]:
    """Start the system once for all tests, which leave it ready. Orders they create remain."""
    stack = EmbeddedStack(tmp_path_factory.mktemp("stack"))
    try:
        stack.start()
        yield stack
    finally:
        stack.end()


@pytest.fixture(scope="package")
def guarded() -> Iterator[EmbeddedStack]:
    """Start a system that requires tokens and has keys of its own, once for all tests."""
    with temporary_stack(AUTH_MODE="token", ORDERS_TOKEN="of the developer") as stack:
        yield stack


@pytest.fixture(scope="package")
def containers() -> Iterator[ContainerStack]:
    """Start the system in containers once for all tests, which leave it ready."""
    stack = ContainerStack()
    with interruptible():
        try:
            stack.build()
            stack.start()
            yield stack
        finally:
            stack.remove()


@pytest.fixture(scope="package")
def world(request: pytest.FixtureRequest) -> World:
    """Return the running system of the world that --world chose."""
    in_containers = request.config.getoption("world") == "docker"
    chosen: World = request.getfixturevalue("containers" if in_containers else "stack")
    return chosen


@pytest.fixture
def make_stack(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[..., EmbeddedStack]]:
    """Return a function that creates a system for one test: not started, ended with the test."""
    made: list[EmbeddedStack] = request.node.stash.setdefault(_MADE, [])

    def make(*options: str) -> EmbeddedStack:
        folder = tmp_path / f"stack-{len(made)}"
        folder.mkdir()
        made.append(EmbeddedStack(folder, *options))
        return made[-1]

    yield make
    for each in made:
        each.end()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show or store the system's output when a test fails."""
    report = yield
    if report.failed:
        arguments = getattr(item, "funcargs", {})
        shared = {id(each): each for each in map(arguments.get, ("stack", "guarded", "world"))}
        for each in [*item.stash.get(_MADE, []), *shared.values()]:
            if isinstance(each, EmbeddedStack):
                report.sections.append(("orders up", each.log()[-_LOG_SHOWN:]))
        containers = arguments.get("containers", arguments.get("world"))
        if isinstance(containers, ContainerStack):
            folder = item.config.rootpath / "test-results" / item.name.replace("/", "-")
            containers.save_logs(folder)
            report.sections.append(("logs of the containers", str(folder)))
    return report
