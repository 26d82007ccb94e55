"""Python imports this at its start wherever this folder is on PYTHONPATH."""

import os

if os.environ.get("SWEEP_FAULT"):
    from tests.faults.injected import arm

    arm(os.environ["SWEEP_FAULT"])
