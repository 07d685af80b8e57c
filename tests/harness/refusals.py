"""Services that are started with settings they must refuse."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from harness.forked import be_service, complete

Refusal = subprocess.CompletedProcess[str]
"""How a process ended that should not have started."""


def refusal(module: str, env: Mapping[str, str], within_s: float = 30.0) -> Refusal:
    """Run ``python -m module``, configured by ``env`` only, until it ends by itself."""
    return complete(be_service, (module,), Path("/"), env, within_s)


def assert_names(refused: Refusal, setting: str) -> None:
    """Check that it ended with status 2, naming the setting once and saying nothing else."""
    assert refused.returncode == 2
    assert refused.stdout == ""
    (line,) = refused.stderr.splitlines()
    assert f"setting {setting}: " in line
