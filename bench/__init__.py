"""Benchmarks: each with a comparison, in the same run, on the same machine.

``make bench`` runs all benchmarks, ``orders bench NAME`` one of them. They use only the loopback
and processes that they start and end themselves.
"""
