"""Failures that really happened to somebody: each test makes the trap again, and shows what we do.

`python -m tests.museum` makes docs/museum.md of the docstrings.
"""
