"""What a sweep needs of this machine and of what it talks to: tried, and said how to mend."""

from sweep.doctor.examine import examine
from sweep.doctor.finding import Finding, Verdict

__all__ = ["Finding", "Verdict", "examine"]
