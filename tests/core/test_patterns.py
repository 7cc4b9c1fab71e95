"""The pattern language of prefixes and hosts."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errbridge import SetupError
from errbridge.scopes.patterns import Converter, Variable, find_converter, parse_segment, split_pattern


def expression(pattern: str) -> str:
    (segment,) = split_pattern(pattern)
    return parse_segment(segment, find_converter).regex


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", ((),)),
        ("/", ((), ())),
        ("/api", ((), ("api",))),
        ("/api/", ((), ("api",), ())),
        ("/a//b", ((), ("a",), (), ("b",))),
        ("/<name>", ((), (Variable("name", "default", None),))),
        ("/users/<int:uid>", ((), ("users",), (Variable("uid", "int", None),))),
        ("/v<int:n>-x", ((), ("v", Variable("n", "int", None), "-x"))),
        ("/<a>-<b>", ((), (Variable("a", "default", None), "-", Variable("b", "default", None)))),
        ("/<any(a/b, c):x>/y", ((), (Variable("x", "any", "a/b, c"),), ("y",))),
        ("/<string(length=2):lang>", ((), (Variable("lang", "string", "length=2"),))),
        ("/<string():lang>", ((), (Variable("lang", "string", ""),))),
        ("/<re('(a|b)'):x>", ((), (Variable("x", "re", "'(a|b)'"),))),
    ],
)
def test_a_pattern_is_split_at_its_slashes_into_text_and_variables(pattern: str, expected: object) -> None:
    assert split_pattern(pattern) == expected


@pytest.mark.parametrize(
    "pattern",
    ["/<", "/>", "/<>", "/<int:>", "/<:x>", "/<1x>", "/a<b", "/a>b", "/<a b>", "/<a<b>>", "/<int(:x>", "/<in-t:x>"],
)
def test_a_pattern_that_cannot_be_read_says_from_where_on_and_what_to_write(pattern: str) -> None:
    with pytest.raises(SetupError, match=r"cannot be read from .* on: write variables as <name> or <converter:name>"):
        split_pattern(pattern)


@given(st.lists(st.text(alphabet="ab/é .*+?()[]{}\\^$|-", max_size=6), max_size=5))
@settings(deadline=None, max_examples=100)
def test_text_without_variables_is_split_like_a_path_and_matches_only_itself(parts: list[str]) -> None:
    path = "/".join(parts)

    split = split_pattern(path)

    assert [segment[0] if segment else "" for segment in split] == path.split("/")
    for segment, text in zip(split, path.split("/"), strict=True):
        converter = parse_segment(segment, find_converter)
        assert (converter.isolating, converter.weight) == (True, 0)
        assert re.fullmatch(converter.regex, text)
        assert not re.fullmatch(converter.regex, text + "x")


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("<x>", ["a", "é", "a b", "-"], ["", "a/b"]),
        ("<string:x>", ["a", "12"], ["", "/"]),
        ("<int:x>", ["0", "12"], ["", "-1", "1.0", "a", "1a"]),
        ("<float:x>", ["0.5", "12.25"], ["1", ".5", "1.", "a.b"]),
        ("<path:x>", ["a", "a/b", "a//b"], ["", "/a"]),
        ("<any(a, b):x>", ["a", "b"], ["", "ab", "c"]),
        ("<any('a.c', \"b|d\"):x>", ["a.c", "b|d"], ["abc", "b", "d"]),
        ("<uuid:x>", ["0b2f4a52-6f3f-4d0e-9d3a-7f3b2d1c0a99"], ["0b2f4a52", "x" * 36]),
        ("v<int:x>", ["v1", "v20"], ["v", "1", "v1x"]),
        ("<any(a, b):x>.json", ["a.json", "b.json"], ["a", "axjson", "c.json"]),
    ],
)
def test_a_converter_matches_what_it_matches_in_flask(pattern: str, matching: list[str], others: list[str]) -> None:
    whole = tuple(token for segment in split_pattern(pattern) for token in segment)
    found = parse_segment(whole, find_converter).regex

    assert [text for text in matching if re.fullmatch(found, text)] == matching
    assert [text for text in others if re.fullmatch(found, text)] == []


def test_only_a_path_may_contain_slashes() -> None:
    assert parse_segment(split_pattern("<path:x>")[0], find_converter).isolating is False
    assert parse_segment(split_pattern("a<path:x>b")[0], find_converter).isolating is False
    assert parse_segment(split_pattern("<path:x><int:y>")[0], find_converter).isolating is False
    assert parse_segment(split_pattern("<x>")[0], find_converter).isolating is True


def test_the_more_specific_converter_weighs_less_and_weights_add_up() -> None:
    def weight(pattern: str) -> int:
        return parse_segment(split_pattern(pattern)[0], find_converter).weight

    assert 0 < weight("<int:x>") == weight("<float:x>") < weight("<x>") < weight("<path:x>")
    assert weight("<int:x>-<int:y>") == 2 * weight("<int:x>")
    assert weight("v<int:x>") == weight("<int:x>")


def test_a_converter_is_found_by_its_name_and_arguments() -> None:
    asked = []

    def lookup(name: str, arguments: str | None) -> Converter:
        asked.append((name, arguments))
        return Converter("x+", isolating=False, weight=7)

    assert parse_segment(split_pattern("a<list(2, sep='.'):y>")[0], lookup) == Converter(
        "a(?:x+)", isolating=False, weight=7
    )
    assert asked == [("list", "2, sep='.'")]


def test_alternatives_of_a_converter_stay_within_their_variable() -> None:
    def lookup(name: str, arguments: str | None) -> Converter:
        return Converter("a|b")

    found = parse_segment(split_pattern("x<c:y>z")[0], lookup).regex

    assert re.fullmatch(found, "xaz")
    assert not re.fullmatch(found, "xa")
    assert not re.fullmatch(found, "bz")


def test_an_unknown_converter_is_refused_with_those_that_exist() -> None:
    with pytest.raises(
        SetupError, match=r"no converter 'nope'; use one of any, default, float, int, path, string, uuid"
    ):
        find_converter("nope", None)


@pytest.mark.parametrize("arguments", [None, ""])
def test_any_without_choices_is_refused(arguments: str | None) -> None:
    with pytest.raises(SetupError):
        find_converter("any", arguments)
