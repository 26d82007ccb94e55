"""Looks at folders of images and writes a spec for them, with comments."""

from sweep.init.data import DataSet, looked_at
from sweep.init.folders import Asked, Folders, found_folders
from sweep.init.overlap import overlap_findings
from sweep.init.text import spec_text

__all__ = ["Asked", "DataSet", "Folders", "found_folders", "looked_at", "overlap_findings", "spec_text"]
