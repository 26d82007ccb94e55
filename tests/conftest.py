"""For all tests."""

import os

import pytest
from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is imported; the machine may be shared
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")


@pytest.fixture(autouse=True, scope="session")
def scene_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Rendered scenes are kept for this run only: neither read from nor left in the developer's cache."""
    os.environ["SEGSWEEP_CACHE"] = str(tmp_path_factory.mktemp("scenes"))
