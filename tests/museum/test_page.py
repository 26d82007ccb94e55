"""The page is what the tests say."""

from __future__ import annotations

from tests.museum.__main__ import PAGE
from tests.museum.exhibit import exhibits_of
from tests.museum.page import ROOMS, page


def test_page_is_fresh() -> None:
    assert PAGE.read_text() == page(), "write it anew: python -m tests.museum"


def test_every_title_stands_once() -> None:
    titles = [one.title for room in ROOMS for one in exhibits_of(room)]
    assert len(titles) == len(set(titles)) >= 25
