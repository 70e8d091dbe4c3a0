"""Every chapter, on the embedded images, against its record."""

import pytest

from catnet import chapters, verify


@pytest.mark.parametrize("chapter", [name for name in chapters.listed() if name[0].isdigit()])
def test_a_chapter_comes_out_as_recorded_on_the_drawn_images(chapter):
    identical, sentence = verify.verify(chapter, "drawn")
    assert identical, sentence
