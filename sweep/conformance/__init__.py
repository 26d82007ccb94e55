"""Whether a trainable of one's own keeps its side: trainings in processes of their own, and what they told.

`rehearsals.py` runs them, `checks.py` says what each must show, `suite.py` which runs the checks need.
"""

from sweep.conformance.checks import Outcome
from sweep.conformance.short_trial import SHORT_TRIAL
from sweep.conformance.suite import check_trainable

__all__ = ["SHORT_TRIAL", "Outcome", "check_trainable"]
