from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.errors import InputWrong, UsageWrong
from projectionist.features.cache.sizes import bytes_of, shown_size, typed_size
from projectionist.features.cache.tiers.rules import Amount, amount, size_of

SIZES = st.integers(1, (1 << 49) - 1) | st.builds(
    lambda count, power: count << power, st.integers(1, 999), st.sampled_from((0, 10, 20, 30, 40))
)


@given(SIZES)
def test_a_size_typed_again_is_the_same_to_the_byte(size: int) -> None:
    assert bytes_of(typed_size(size)) == size
    assert amount(typed_size(size)) == Amount(bytes=size)


@given(st.integers(1, 100_000_000))
def test_a_share_typed_again_is_the_same(millionths: int) -> None:
    share = Amount(percent=float(f"{millionths / 1_000_000:.6f}"))
    assert amount(share.typed()) == share


@given(st.text(max_size=12) | st.from_regex(r"[0-9.]{1,4} ?[KMGTkmgtbB%]{0,3}", fullmatch=True))
def test_whatever_is_typed_is_an_amount_or_told_in_words(text: str) -> None:
    found: Amount | InputWrong | None
    try:
        found = amount(text, "quota")
    except InputWrong as error:
        found = error
    if isinstance(found, InputWrong):
        assert (found.field, found.message[-8:]) == ("quota", "is none.")
    else:
        assert found is None or found.bytes > 0 or 0 < found.percent <= 100


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("250", 250 << 30),
        ("1.5TB", 3 << 39),
        ("500 mb", 500 << 20),
        ("0.1KB", 102),
        ("7B", 7),
        ("4096.000000000000001 kb", 4 << 20),
        ("123456789.123456789GB", 123456789123456789 * (1 << 30) // 10**9),
    ],
)
def test_a_bare_number_is_gb_and_units_are_of_1024(text: str, size: int) -> None:
    assert bytes_of(text) == size


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "1e3", "0.0", "1,5TB", "99999999TB", "5PB", "٣GB", "50%"])
def test_what_is_no_size_is_told_so(text: str) -> None:
    with pytest.raises(UsageWrong, match="as in 500GB"):
        bytes_of(text)


@pytest.mark.parametrize("text", ["0%", "100.1%", "1000%", "-5%", "%", "٥%"])
def test_a_share_is_of_the_whole_drive_at_most(text: str) -> None:
    with pytest.raises(InputWrong, match="at most 100 %"):
        amount(text)


def test_nothing_typed_is_no_limit() -> None:
    assert [amount(" "), amount("0"), size_of(""), size_of(" 0 ")] == [None] * 4


def test_people_see_the_largest_unit() -> None:
    assert [shown_size(one) for one in (999, 1 << 10, 3 << 39)] == ["999 B", "1.0 KB", "1.5 TB"]
