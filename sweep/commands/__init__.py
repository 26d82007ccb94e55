"""Commands that compute something from a sweep, wherever it is read from; `sweep.cli` lists them."""
