"""Schemathesis over the whole OpenAPI: no request gets a 5xx or an undocumented response."""

from pathlib import Path

import pytest

from harness.pipeline import Pipeline
from harness.schemas import CALLERS, UNLIMITED, attacked
from harness.signing import ASKING


@pytest.mark.slow
@pytest.mark.parametrize("who", CALLERS)
def test_generated_requests(pipeline: Pipeline, tmp_path: Path, who: str) -> None:
    """All checks pass without a token, as an admin, and with a token for one customer."""
    api = pipeline.api(**ASKING, **UNLIMITED)
    assert " passed" in attacked(api.url, tmp_path, CALLERS[who], examples=300)
    assert "Traceback" not in api.process.output()
