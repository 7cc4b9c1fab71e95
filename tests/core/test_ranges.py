"""Ranges with weights, as Accept and Accept-Language have them; the tests of both have more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errbridge.http.ranges import parse_ranges


@given(
    st.integers(0, 1000),
    st.integers(1, 4),
    st.sampled_from(["q={}", " Q = {} ", "q={};x=1", "x=1;q={}", ";q={};q=0.7"]),
)
def test_a_weight_of_the_rfc_is_read_as_it_is(thousandths: int, digits: int, form: str) -> None:
    """RFC 9110 section 12.4.2: a number from 0 to 1 with at most three decimals."""
    text = f"{thousandths / 1000:.3f}"[: 1 + digits]

    assert list(parse_ranges(f"x/y;{form.format(text)}")) == [("x/y", ("x" not in form, float(text)))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [(".5", 0.5), ("0.33333", 0.33333), ("1.001", 1.0), ("2", 1.0), ("00.5", 0.5), ("9" * 400, 1.0)],
)
def test_a_weight_that_is_a_decimal_number_is_read_nevertheless(text: str, expected: float) -> None:
    assert list(parse_ranges(f"x/y;q={text}")) == [("x/y", (True, expected))]


@pytest.mark.parametrize("text", ["", ".", "x", "-1", "+1", "1_0", "1e-3", "nan", "inf", "0x1", "\u0665", "1 0", '"1"'])
def test_a_weight_that_is_something_else_is_none(text: str) -> None:
    assert list(parse_ranges(f"x/y;q={text}")) == []
