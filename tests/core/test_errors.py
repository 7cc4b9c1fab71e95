"""The exception of set-up."""

from __future__ import annotations

from errbridge import SetupError


def test_a_wrong_set_up_is_a_value_error() -> None:
    assert issubclass(SetupError, ValueError)
