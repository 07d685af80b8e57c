"""Services that are started with settings they must refuse."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """How a process ended that should not have started."""

    status: int
    stdout: str
    stderr: str


def refusal(module: str, env: Mapping[str, str], within_s: float = 30.0) -> Refusal:
    """Run ``python -m module``, configured by ``env`` only, until it ends by itself."""
    done = subprocess.run(
        [sys.executable, "-m", module],
        env={"PATH": os.environ["PATH"], **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd="/",
        timeout=within_s,
        check=False,
    )
    return Refusal(done.returncode, done.stdout, done.stderr)


def assert_names(refused: Refusal, setting: str) -> None:
    """Check that it ended with status 2, naming the setting once and saying nothing else."""
    assert refused.status == 2
    assert refused.stdout == ""
    (line,) = refused.stderr.splitlines()
    assert f"setting {setting}: " in line
