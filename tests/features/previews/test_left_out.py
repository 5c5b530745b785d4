"""Folders that are left out get no previews."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.errors import InputWrong
from projectionist.features.previews.choices import Choices, checked

NAMES = st.text(
    st.characters(blacklist_characters="/\\\n\r\0", blacklist_categories=["Cs", "Cc", "Z"]), min_size=1
)


@pytest.mark.parametrize(
    ("path", "left"),
    [
        ("/media/films/kids/A.mkv", True),
        ("/media/films/kids", True),
        ("/media/films/kids 2/A.mkv", False),
        ("/media/films/A.mkv", False),
        ("D:\\Films\\Kids\\A.mkv", True),
        ("D:\\Films\\A.mkv", False),
    ],
)
def test_what_lies_below_a_folder_that_is_left_out_is_left_out(path: str, left: bool) -> None:
    choices = Choices(left_out="/media/films/kids/\nD:\\Films\\Kids")
    assert choices.leaves_out(path) is left


def test_nothing_is_left_out_where_nothing_was_said() -> None:
    assert not Choices().leaves_out("/media/films/A.mkv")


@pytest.mark.parametrize("wrong", ["kids", "films/kids", "/", "./films", "/a\0b"])
def test_what_is_no_whole_path_is_refused_by_name(wrong: str) -> None:
    with pytest.raises(InputWrong) as caught:
        checked({"left_out": wrong})
    assert caught.value.field == "left_out"


def test_lines_are_kept_once_and_tidy() -> None:
    assert checked({"left_out": " /a/b \n\n/a/b\n/c "}) == {"left_out": "/a/b\n/c"}


@given(st.lists(NAMES, min_size=1, max_size=4), st.lists(NAMES, min_size=1, max_size=3))
def test_a_folder_leaves_out_exactly_what_is_below_it(folder: list[str], more: list[str]) -> None:
    choices = Choices(left_out="/" + "/".join(folder))
    assert choices.leaves_out("/" + "/".join([*folder, *more]))
    assert not choices.leaves_out("/" + "/".join([*folder[:-1], folder[-1] + "x", *more]))
