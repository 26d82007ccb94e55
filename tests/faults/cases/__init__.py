"""All faults, by what goes wrong."""

from tests.faults.case import Case
from tests.faults.cases.data import DATA
from tests.faults.cases.ledgers import LEDGERS
from tests.faults.cases.machines import MACHINES
from tests.faults.cases.processes import PROCESSES
from tests.faults.cases.storage import STORAGE
from tests.faults.cases.tracking import TRACKING
from tests.faults.cases.trials import TRIALS
from tests.faults.cases.use import USE

CASES: tuple[Case, ...] = (
    *PROCESSES,
    *MACHINES,
    *TRIALS,
    *STORAGE,
    *TRACKING,
    *LEDGERS,
    *DATA,
    *USE,
)
