"""The Python environment of a host: this machine's packages, in a folder that the host's user may add to."""

from __future__ import annotations

import shutil
import sys
import sysconfig
import venv
from importlib import metadata
from pathlib import Path

VISIBLE = (Path(sys.base_prefix), Path(sys.prefix))
"""Folders that a host must see where they are: the links made here lead there."""


def lay_environment(folder: Path, seen_as: Path) -> None:
    """Makes a virtual environment of links to every package of this one but segsweep itself.

    Args:
        folder: where, on this machine.
        seen_as: the same folder as the host sees it.
    """
    venv.create(folder, symlinks=True)
    left_out = _names_of_ours()
    for package in Path(sysconfig.get_path("purelib")).iterdir():
        if package.name not in left_out:
            (_packages(folder) / package.name).symlink_to(package)
    for script in Path(sysconfig.get_path("scripts")).iterdir():
        if script.is_file() and script.name not in left_out and not (folder / "bin" / script.name).exists():
            _lay_script(script, folder / "bin", seen_as / "bin")


def add_checkout(folder: Path, seen_as: Path, checkout: Path) -> None:
    """Adds segsweep as `pip install --editable` would, which wants to write into the checkout."""
    (_packages(folder) / "checkout.pth").write_text(f"{checkout}\n")
    script = folder / "bin" / "sweep"
    script.write_text(f"#!{seen_as}/bin/python\nfrom sweep.cli import main\n\nmain()\n")
    script.chmod(0o755)


def _packages(folder: Path) -> Path:
    (packages,) = folder.glob("lib/python*/site-packages")
    return packages


def _names_of_ours() -> set[str]:
    """The names that segsweep's installation brought into packages and scripts."""
    files = metadata.distribution("segsweep").files or []
    return {file.name if ".." in file.parts else file.parts[0] for file in files}


def _lay_script(script: Path, bin_folder: Path, seen_as: Path) -> None:
    """A link, or a copy where the script names the interpreter of this machine's environment."""
    copy, content = bin_folder / script.name, script.read_bytes()
    if content.startswith(b"#!"):
        copy.write_bytes(content.replace(str(script.parent).encode(), str(seen_as).encode()))
        shutil.copymode(script, copy)
    else:
        copy.symlink_to(script)
