"""The fuzzer's targets with their seeds, and with random input for a few seconds."""

import pytest

from fuzz.__main__ import fuzz, missing
from fuzz.targets import TARGETS

SECONDS = 20


@pytest.mark.parametrize("name", TARGETS)
def test_seeds(name: str) -> None:
    """Every seed of a target, whole or truncated at any byte, is handled as the target promises."""
    for seed in TARGETS[name].seeds:
        step = max(1, len(seed) // 50)
        for end in range(len(seed), -1, -step):
            TARGETS[name].run(seed[:end])


@pytest.mark.slow
@pytest.mark.skipif(missing() is not None, reason=str(missing()))
@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_found(name: str) -> None:
    """No input of a few seconds breaks a target; ``make fuzz`` runs longer."""
    assert fuzz(name, SECONDS) == 0
