"""What a sweep needs of this machine and of what it talks to: tried, and said how to mend."""

from sweep.doctor.examine import examine

__all__ = ["examine"]
