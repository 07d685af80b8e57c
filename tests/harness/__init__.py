"""Shared helpers of tests and benchmarks; see README.md."""
