"""Measurements too slow or too hungry for data to be tests; each prints the figures of docs/benchmarks.md."""
