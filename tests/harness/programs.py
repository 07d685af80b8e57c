"""Run programs that do not end, such as the examples, and read what they print."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from harness.processes import dying_with_parent
from harness.stacks import environment


@contextmanager
def program(
    folder: Path, *command: str | Path, settings: Mapping[str, str] | None = None
) -> Iterator[Callable[[], list[str]]]:
    """Run a program that does not end; yield a function that returns its lines so far."""
    output = folder / "output"
    with output.open("wb") as file:
        started = subprocess.Popen(
            [*dying_with_parent(signal.SIGKILL), *map(str, command)],
            cwd=folder,
            env=environment(settings),
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def lines() -> list[str]:
        said = output.read_text().splitlines()
        assert started.poll() is None, said
        return said

    try:
        yield lines
    finally:
        os.killpg(started.pid, signal.SIGKILL)
        started.wait()
