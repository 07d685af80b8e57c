"""Schemathesis over the whole OpenAPI: whatever is sent, no 5xx, and nothing unpromised."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import Pipeline
from processes import LOOPBACK
from tokens import ASKING, bearer, token

CONFIG = Path(__file__).with_name("schemathesis.toml")
LEFT_OUT = "positive_data_acceptance,unsupported_method"
"""It cannot know that an Idempotency-Key was used before, or that `/orders/counts` is also the path
of an order whose id makes no sense."""


def attacked(pipeline: Pipeline, folder: Path, shown: str | None, examples: int) -> str:
    """Run every check on every path; return the summary."""
    api = pipeline.api(**ASKING, REQUESTS_PER_SECOND="100000", REQUESTS_BURST="1000000")
    command = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(CONFIG)]
    command += ["run", f"http://{LOOPBACK}:{api.port}/api/openapi.json", "--no-color"]
    command += ["--seed", "1"]
    command += ["--checks", "all", "--exclude-checks", LEFT_OUT, "--max-examples", str(examples)]
    if shown is not None:
        command += ["--header", f"Authorization: {bearer(shown)['Authorization']}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:]
    assert "Traceback" not in api.process.output()
    return done.stdout


@pytest.mark.slow
def test_a_few_hundred_cases(pipeline: Pipeline, tmp_path: Path) -> None:
    """With every right: all checks pass."""
    assert " passed" in attacked(pipeline, tmp_path, token("admin"), examples=2)


@pytest.mark.slow
@pytest.mark.parametrize(
    "shown",
    [None, token("admin", ttl_s=7200), token("admin", ["Ann"], ttl_s=7200)],
    ids=["stranger", "admin", "scoped"],
)
def test_thousands_of_cases(pipeline: Pipeline, tmp_path: Path, shown: str | None) -> None:
    """The same, for longer."""
    assert " passed" in attacked(pipeline, tmp_path, shown, examples=300)
