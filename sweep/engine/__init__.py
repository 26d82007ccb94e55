"""Runs the trials of a sweep. The only package that knows Ray.

`driver.py` decides and records; it needs no Ray. The other files fit it into Ray Tune.
"""
