"""Schemathesis over the whole OpenAPI: whatever is sent, no 5xx, and nothing unpromised."""

from pathlib import Path

import pytest

from harness.pipeline import Pipeline
from harness.schemas import STRANGERS, UNLIMITED, attacked
from harness.signing import ASKING


@pytest.mark.slow
@pytest.mark.parametrize("who", STRANGERS)
def test_thousands_of_cases(pipeline: Pipeline, tmp_path: Path, who: str) -> None:
    """Without a token, with every right, and with those of one customer: all checks pass."""
    api = pipeline.api(**ASKING, **UNLIMITED)
    assert " passed" in attacked(api.url, tmp_path, STRANGERS[who], examples=300)
    assert "Traceback" not in api.process.output()
