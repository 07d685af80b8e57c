"""Run Schemathesis: every check on every path of the API, from its OpenAPI description."""

import subprocess
import sys
from pathlib import Path

from harness.signing import bearer, token

CALLERS: dict[str, str | None] = {
    "no token": None,
    "admin": token("admin", ttl_s=7200),
    "scoped": token("admin", ["Ann"], ttl_s=7200),
}
"""Kinds of clients, and their tokens."""

UNLIMITED = {"REQUESTS_PER_SECOND": "100000", "REQUESTS_BURST": "1000000"}
"""Settings without which nearly all responses would be 429."""

_CONFIG = Path(__file__).with_name("schemathesis.toml")
_LEFT_OUT = "positive_data_acceptance,unsupported_method"
"""Checks that are left out. Schemathesis cannot know that an Idempotency-Key was used before, nor
that `/orders/counts` is also the path of an order with an invalid id."""


def attacked(url: str, folder: Path, shown: str | None, examples: int) -> str:
    """Run every check on every path of the API at ``url``; return the summary."""
    command = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(_CONFIG)]
    command += ["run", f"{url}/api/openapi.json", "--no-color", "--seed", "1"]
    command += ["--checks", "all", "--exclude-checks", _LEFT_OUT, "--max-examples", str(examples)]
    if shown is not None:
        command += ["--header", f"Authorization: {bearer(shown)['Authorization']}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:]
    return done.stdout
