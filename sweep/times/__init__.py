"""Where the time of a sweep went, and what stopping saved: reckoned from the ledger alone.

Light to import, since `sweep status` tells it.
"""
