"""Folders of images, decoded once and kept on each machine's disk: `sweep pack`, or the first trial.

`find.py` finds a pack or makes it, `write.py` writes it, `read.py` reads it, `manifest.py` tells a good one.

A pack is a folder of Arrow IPC files, a row an image, and `manifest.json`. All trials of a machine map the
same files into memory: decoded images are in the page cache once, whoever reads them, and a crop reads only
the rows that it covers.
"""

from trainables.data.packs.find import packed, renewed_pack
from trainables.data.packs.read import PackedSamples
from trainables.data.packs.verify import pack_faults

__all__ = ["PackedSamples", "pack_faults", "packed", "renewed_pack"]
