"""What was fitted to a sweep, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from sweep.analysis import Analysis
from sweep.ledger.state import SweepState
from sweep.report import markdown
from sweep.report.fits import Block, Bullets, Grid, Heading, Section, fits_sections, verdicts
from sweep.report.proposals import next_section


def verdict_parts(analysis: Analysis) -> Iterator[str]:
    """What the curve shows, a paragraph for every setting."""
    yield from map(markdown.cell, verdicts(analysis))


def fits_parts(state: SweepState, analysis: Analysis) -> Iterator[str]:
    """All sections, headings with them; the last says what to run next."""
    for section in (*fits_sections(analysis), next_section(state, analysis)):
        yield from section_parts(section)


def section_parts(section: Section) -> Iterator[str]:
    """The heading, then the blocks."""
    yield f"## {section.title}"
    yield from map(_part, section.blocks)


def _part(block: Block) -> str:
    match block:
        case Heading():
            return f"### {markdown.cell(block.text)}"
        case Bullets():
            return markdown.bullets(map(markdown.cell, block.items))
        case Grid():
            return markdown.table(block.header, block.rows, text=block.header[: block.text])
        case _:
            return markdown.cell(block)
