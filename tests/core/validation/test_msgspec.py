"""Errors of msgspec."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest

from errbridge.validation.faults import WORDS
from tests.core.validation.checks import (
    GENERAL,
    SECRET,
    Colour,
    errors_of,
)


class Negative(msgspec.Struct):
    number: int

    def __post_init__(self) -> None:
        if self.number < -1:
            raise ValueError(f"{self.number} is negative")
        if self.number < 0:
            raise ValueError("That is negative.")


def hook(_: type, given: Any) -> Any:
    raise msgspec.ValidationError(f"{given} is hooked")


@pytest.mark.parametrize(
    ("wanted", "given", "code", "detail"),
    [
        (int, SECRET, "type", "Expected an integer."),
        (int | None, SECRET, "type", "Expected an integer."),
        (int | str, [], "type", WORDS["type"]),
        (dict[str, int], SECRET, "type", "Expected an object."),
        (Annotated[int, msgspec.Meta(ge=3)], 1, "range", WORDS["range"]),
        (Annotated[float, msgspec.Meta(lt=3)], 4, "range", WORDS["range"]),
        (Annotated[int, msgspec.Meta(multiple_of=3)], 1, "range", WORDS["range"]),
        (Annotated[str, msgspec.Meta(max_length=3)], SECRET, "length", WORDS["length"]),
        (tuple[int, int], [1], "length", WORDS["length"]),
        (Annotated[str, msgspec.Meta(pattern="^a")], SECRET, "pattern", WORDS["pattern"]),
        (datetime, SECRET, "format", WORDS["format"]),
        (Annotated[datetime, msgspec.Meta(tz=True)], "2020-01-01T00:00:00", "format", WORDS["format"]),
        (Annotated[datetime, msgspec.Meta(tz=False)], "2020-01-01T00:00:00Z", "format", WORDS["format"]),
        (UUID, SECRET, "format", WORDS["format"]),
        (Colour, SECRET, "choice", WORDS["choice"]),
        (Literal["a"], SECRET, "choice", WORDS["choice"]),
        (Negative, {"number": -1}, "invalid", GENERAL),
        (Negative, {"number": -2}, "invalid", GENERAL),
        (complex, SECRET, "invalid", GENERAL),
    ],
)
def test_each_text_of_msgspecs_has_words_of_errbridges(wanted: Any, given: Any, code: str, detail: str) -> None:
    (error,) = errors_of(lambda value: msgspec.convert(value, wanted, dec_hook=hook), given)

    assert error == {"detail": detail, "pointer": "", "code": code}


def test_the_words_of_msgspec_and_of_a_struct_are_shown_on_request() -> None:
    ((bound),) = errors_of(lambda value: msgspec.convert(value, Annotated[int, msgspec.Meta(ge=3)]), 1, messages=True)
    ((own),) = errors_of(lambda value: msgspec.convert(value, Negative), {"number": -2}, messages=True)

    assert (bound["detail"], own["detail"]) == ("Expected `int` >= 3", "-2 is negative")


def test_the_value_that_msgspec_names_is_never_shown() -> None:
    ((error),) = errors_of(lambda value: msgspec.convert(value, Colour), SECRET, messages=True)

    assert error["detail"] == WORDS["choice"]
