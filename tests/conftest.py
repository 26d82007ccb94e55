"""For all tests."""

import os

from hypothesis import settings

os.environ.setdefault(
    "OMP_NUM_THREADS", "1"
)  # read when torch is imported: repeatable, and kind to small machines
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")
