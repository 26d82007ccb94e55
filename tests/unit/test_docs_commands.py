"""What the documents tell to type can be typed, what they show runs, and where they point to is something."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from fractions import Fraction
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from sweep.cli import app
from sweep.reference import cli_reference
from trainables.mixing.shares import real_images_in

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md"))]
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.M | re.S)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.M)


def commands_in(text: str) -> list[str]:
    """Lines behind `$ `, joined where they end in a backslash."""
    blocks = "\n".join(CONSOLE.findall(text)).replace("\\\n", " ")
    return [line[2:] for line in blocks.splitlines() if line.startswith("$ ")]


COMMANDS = [
    pytest.param(line, id=f"{document.stem}: {line[:50]}")
    for document in DOCUMENTS
    if document.stem != "cli"
    for line in commands_in(document.read_text())
    if line.startswith("sweep ")
]


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_documents_is_one(line: str) -> None:
    """Its name, options and number of arguments; nothing is run."""
    _, name, *arguments = shlex.split(line, comments=True)
    if name == "--install-completion":
        return
    group = get_command(app)
    command = group.commands[name]  # type: ignore[attr-defined]
    context = typer.Context(command, info_name=name)
    _, left, _ = command.make_parser(context).parse_args(list(arguments))
    assert left == [], f"too many arguments: {left}"


def test_there_are_commands_to_test() -> None:
    assert len(COMMANDS) > 30


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in LINK.findall(re.sub(r"^```.*?^```", "", document.read_text(), flags=re.M | re.S)):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        file, _, anchor = target.partition("#")
        path = (document.parent / file) if file else document
        assert path.exists(), target
        if anchor and path.suffix == ".md":
            assert anchor in map(anchor_of, HEADING.findall(path.read_text())), target


def anchor_of(heading: str) -> str:
    """As git hosts make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_the_reference_of_the_command_line_is_fresh() -> None:
    assert (ROOT / "docs" / "cli.md").read_text() == cli_reference(), "make docs"


def test_how_it_works_prints_what_it_says() -> None:
    text = (ROOT / "docs" / "how-it-works.md").read_text()
    code, printed = re.findall(r"^```(?:python)?\n(.*?)^```", text, re.M | re.S)[:2]
    scope: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(code, "how-it-works.md", "exec"), scope)
    assert out.getvalue() == printed
    assert len(code.splitlines()) <= 90


def test_how_it_works_mixes_as_the_package_does() -> None:
    text = (ROOT / "docs" / "how-it-works.md").read_text()
    scope: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)[0], scope)
    own = scope["real_images_in"]
    assert callable(own)
    for ratio in ("0.05", "0.3", "0.125", "0.999", "0.0", "1.0"):
        for batch in range(50):
            assert own(batch, 7, float(ratio)) == real_images_in(batch, 7, Fraction(ratio))
