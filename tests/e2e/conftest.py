from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from stacks import EmbeddedStack

_LOG_SHOWN = 6_000
_MADE = pytest.StashKey[list[EmbeddedStack]]()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStack]:
    """Start the system once. Tests leave it ready, with whatever orders they made."""
    stack = EmbeddedStack(tmp_path_factory.mktemp("stack"))
    try:
        stack.start()
        yield stack
    finally:
        stack.end()


@pytest.fixture
def make_stack(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[..., EmbeddedStack]]:
    """Make a system of one's own: not started, ended with the test."""
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
    """Show what the system said when a test fails."""
    report = yield
    if report.failed:
        shared = getattr(item, "funcargs", {}).get("stack")
        for each in [*item.stash.get(_MADE, []), *([shared] if shared else [])]:
            report.sections.append(("orders up", each.log()[-_LOG_SHOWN:]))
    return report
