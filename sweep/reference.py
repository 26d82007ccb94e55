"""Writes docs/cli.md out of the commands themselves: `python -m sweep.reference FILE`, or `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path

_HEAD = """# The command line

Made by `make docs` out of the commands' own help; a test holds it fresh.

"""


def cli_reference() -> str:
    """Every command with its arguments and options, as Markdown."""
    import typer
    from typer.cli import get_docs_for_click
    from typer.main import get_command

    from sweep.cli import app

    command = get_command(app)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command, info_name="sweep"), name="sweep")
    return _HEAD + "\n".join(line.rstrip() for line in text.strip().splitlines()) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(cli_reference(), encoding="utf-8")
