"""Benchmarks document what they measure."""

import pytest

from bench import catalogue


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_a_benchmark_says_how_it_could_mislead(name: str) -> None:
    """Each benchmark's docstring says what it measures, and how it could mislead."""
    benchmark = catalogue.load(name)
    assert benchmark.TITLE
    assert "How it could mislead:" in (benchmark.__doc__ or "")
