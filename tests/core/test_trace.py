"""W3C Trace Context."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errbridge import RequestFacts

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    "value",
    [
        f"00-{TRACE}-{SPAN}-01",
        f"  00-{TRACE}-{SPAN}-00\t",
        f"00-{TRACE}-{SPAN}-ff",
        f"01-{TRACE}-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01-",
        f"fe-{TRACE}-{SPAN}-01-what-ever",
    ],
)
def test_the_trace_id_is_read_also_of_later_versions_which_may_go_on_after_another_dash(value: str) -> None:
    assert RequestFacts.from_headers({"traceparent": value}).trace_id == TRACE


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        f"ff-{TRACE}-{SPAN}-01",  # the version that is none
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01-",
        f"01-{TRACE}-{SPAN}-01more",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"0-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01,00-{TRACE}-{SPAN}-01",
        f"01-{TRACE}-{SPAN}-01-a\nb",
        f"00-{TRACE}-{SPAN}-0\u0661",
    ],
)
def test_any_other_value_is_not_read(value: str) -> None:
    assert RequestFacts.from_headers({"traceparent": value}).trace_id == ""


@given(st.text(max_size=80) | st.text("0123456789abcdef-", min_size=53, max_size=58))
def test_any_text_is_read_or_not(value: str) -> None:
    found = RequestFacts.from_headers({"traceparent": value}).trace_id

    assert found == "" or (len(found) == 32 and found in value)
