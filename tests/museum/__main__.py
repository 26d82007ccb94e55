"""`python -m tests.museum` writes docs/museum.md."""

from __future__ import annotations

from pathlib import Path

from tests.museum.page import page

PAGE = Path(__file__).parents[2] / "docs" / "museum.md"

if __name__ == "__main__":
    PAGE.write_text(page())
