"""What was fitted to a sweep as plain text for a terminal."""

from __future__ import annotations

import textwrap

from sweep.analysis import Analysis
from sweep.report.fits import Block, Bullets, Grid, Heading, Section, fits_sections, verdicts
from sweep.report.noise_words import noise_words
from sweep.report.text_table import text_table


def fits_text(analysis: Analysis, width: int = 80) -> str:
    """The verdicts, the noise, then every section; sentences in lines of at most `width` characters."""
    title = f"{analysis.sweep}: {analysis.metric} against real_ratio at iteration {analysis.rung}"
    if analysis.provenance != "measured":
        title += f" ({analysis.provenance} values)"
    parts = [title, *(textwrap.fill(text, width) for text in verdicts(analysis))]
    parts.append(textwrap.fill(" ".join(noise_words(analysis.noise)), width))
    said = {fits.verdict for fits in analysis.fits}  # above already
    for section in fits_sections(analysis):
        blocks = tuple(block for block in section.blocks if block not in said)
        parts += [section_text(Section(section.title, blocks), width)] if blocks else []
    return "\n\n".join(parts)


def section_text(section: Section, width: int = 80) -> str:
    """The title over a rule, then the blocks."""
    blocks = (_text(block, width) for block in section.blocks)
    return "\n\n".join([section.title + "\n" + "─" * len(section.title), *blocks])


def _text(block: Block, width: int) -> str:
    match block:
        case Heading():
            return f"{block.text}:"
        case Bullets():
            return "\n".join(
                textwrap.fill(f"- {item}", width, subsequent_indent="  ") for item in block.items
            )
        case Grid():
            return text_table([block.header, *block.rows], width, block.text)
        case _:
            return textwrap.fill(block, width)
