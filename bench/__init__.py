"""Benchmarks: the cost of a request to a guarded page, compared with common alternatives."""
