"""For all tests."""

import os

from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is imported; the machine may be shared
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")
