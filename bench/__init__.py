"""Benchmarks: each with a comparison, in the same run, on the same machine.

``make bench`` runs them all, ``orders bench NAME`` one. Everything stays on the loopback, in
processes started here and ended here.
"""
