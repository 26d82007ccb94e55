"""Fits that are linear in the values: of shapes, and of Gaussian processes on log(real_ratio + c).

All covariances are relative: to be multiplied with the variance of the noise.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import cholesky, qr, solve_triangular

from sweep.curves.ratio.shapes import Shape

GAUSSIAN_PROCESS = "Gaussian process"

_OFFSETS = (0.02, 0.1)
_LENGTHS = (0.5, 1.0, 2.0)  # in units of log(real_ratio + c)
_SIGNALS = (1.0, 4.0, 16.0, 64.0, 256.0)  # variance of the curve, relative to the noise's

_LOOSEST = 3.0
"""The variance of a shape between values, at most, relative to that of the least certain value."""


@dataclass(frozen=True)
class Smoother:
    """A fit with everything given but the n values; the curve is wanted on a grid of m."""

    family: str
    parameters: float
    """That were fitted, placed ones with them; of a Gaussian process the trace of the hat matrix."""
    residual: np.ndarray
    """(q, n): takes values to residuals whose sum of squares is weighted by the relative precision."""
    to_curve: np.ndarray
    """(m, n): takes values to the fitted curve on the grid."""
    root: np.ndarray
    """(m, k): root @ root.T is the relative covariance of the curve."""
    degrees_lost: float
    """What the residuals have fewer degrees of freedom than values."""
    innovation: np.ndarray
    """(q, n): takes values to what was not foreseen of them; its sum of squares is that of the likelihood."""
    log_determinant: float
    """Of the relative covariance that the likelihood rests on; of use within a family alone."""


@dataclass(frozen=True)
class Design:
    """Where values lie and where a curve is wanted."""

    real_ratio: np.ndarray  # (n,)
    covariance: np.ndarray  # (n, n), relative
    grid: np.ndarray  # (m,)

    @property
    def inside(self) -> np.ndarray:
        """(m,) booleans: the points of the grid between the least and the largest real_ratio with a value."""
        return np.asarray((self.grid >= self.real_ratio.min()) & (self.grid <= self.real_ratio.max()))

    @cached_property
    def whitener(self) -> np.ndarray:
        """(n, n): takes values to equal, independent noise."""
        lower = cholesky(self.covariance, lower=True)
        return np.asarray(solve_triangular(lower, np.eye(len(lower)), lower=True))


def shape_smoother(shape: Shape, design: Design) -> Smoother | None:
    """Least squares; None where the values cannot tell the coefficients, or leave a stretch loose.

    A bend on either side of a lone value lets the curve shoot up beside it.
    """
    whitener = design.whitener
    q, r = qr(whitener @ shape.basis(design.real_ratio), mode="economic")
    if np.abs(np.diag(r)).min() < 1e-6 * np.abs(r).max():
        return None
    root = solve_triangular(r, shape.basis(design.grid).T, trans="T").T
    if (root[design.inside] ** 2).sum(axis=1).max() > _LOOSEST * np.diag(design.covariance).max():
        return None
    residual = whitener - q @ (q.T @ whitener)
    return Smoother(
        family=shape.family,
        parameters=shape.coefficients + shape.placed,
        residual=residual,
        to_curve=root @ q.T @ whitener,
        root=root,
        degrees_lost=shape.coefficients,
        innovation=residual,
        log_determinant=0.0,
    )


def process_smoothers(design: Design) -> Iterator[Smoother]:
    """Squared-exponential kernels and an unknown mean (Rasmussen and Williams 2006, 2.7).

    Their parameters count by the trace of the hat matrix (Hurvich, Simonoff and Tsai 1998).
    """
    for offset, length in itertools.product(_OFFSETS, _LENGTHS):
        at_values, at_grid = (np.log(x + offset) / length for x in (design.real_ratio, design.grid))
        kernels = _kernel(at_values, at_values), _kernel(at_grid, at_values), _kernel(at_grid, at_grid)
        for signal in _SIGNALS:
            yield _process(design, *(signal * kernel for kernel in kernels))


def _process(design: Design, own: np.ndarray, cross: np.ndarray, grid: np.ndarray) -> Smoother:
    n = len(own)
    total = own + design.covariance
    precision = np.linalg.inv(total)
    weights = precision.sum(axis=0) / precision.sum()  # of the mean, by generalised least squares
    centred = np.eye(n) - weights[None, :]
    hat = np.ones((n, 1)) * weights + own @ precision @ centred
    unexplained = 1 - cross @ precision.sum(axis=1)
    covariance = grid - cross @ precision @ cross.T + np.outer(unexplained, unexplained) / precision.sum()
    values, vectors = np.linalg.eigh(covariance)
    kept = values > 1e-9 * max(values[-1], 1e-12)
    edf = float(np.trace(hat))
    return Smoother(
        family=GAUSSIAN_PROCESS,
        parameters=edf + 1,
        residual=design.whitener @ (np.eye(n) - hat),
        to_curve=np.ones((len(grid), 1)) * weights + cross @ precision @ centred,
        root=vectors[:, kept] * np.sqrt(values[kept]),
        degrees_lost=edf,
        innovation=cholesky(precision) @ centred,
        log_determinant=float(np.linalg.slogdet(total)[1] + np.log(precision.sum())),
    )


def _kernel(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(-0.5 * (left[:, None] - right[None, :]) ** 2))
