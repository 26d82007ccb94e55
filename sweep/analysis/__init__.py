"""From a sweep to everything that is fitted to it."""

from sweep.analysis.fits import Analysis, Fits, analyse, telling_rung
from sweep.analysis.settings import settings_of

__all__ = ["Analysis", "Fits", "analyse", "settings_of", "telling_rung"]
