"""Noise, learning curves, the curve over real_ratio, the next ratios. Pure: numbers in, results out."""
