"""Services started with settings that they must refuse."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from harness.forked import be_service, complete

Refusal = subprocess.CompletedProcess[str]
"""Exit status and output of a process that must not start."""


def refusal(module: str, env: Mapping[str, str], within_s: float = 30.0) -> Refusal:
    """Run ``python -m module`` with only ``env`` as settings until it ends by itself."""
    return complete(be_service, (module,), Path("/"), env, within_s)


def assert_names(refused: Refusal, setting: str) -> None:
    """Check that it ended with status 2 and printed only one line, which names the setting."""
    assert refused.returncode == 2
    assert refused.stdout == ""
    (line,) = refused.stderr.splitlines()
    assert f"setting {setting}: " in line
