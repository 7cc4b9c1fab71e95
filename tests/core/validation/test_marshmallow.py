"""Errors of marshmallow."""

from __future__ import annotations

import re
from typing import Any

import marshmallow as ma
import pytest
from marshmallow import fields, validate

from errbridge.validation import problem_of
from errbridge.validation.faults import WORDS
from tests.core.validation.checks import (
    GENERAL,
    SECRET,
    Colour,
    MarshmallowItem,
    errors_of,
    where,
)


class Mixed(ma.Schema):
    number = fields.Integer(validate=validate.Range(min=3, max=5))
    above = fields.Float(validate=validate.Range(min=3, min_inclusive=False))
    text = fields.String(validate=validate.Length(max=3))
    exact = fields.String(validate=validate.Length(equal=3))
    choice = fields.String(validate=validate.OneOf(["a", "b"]))
    echoed_choice = fields.String(validate=validate.OneOf(["a"], error="Must be one of: {choices}, not {input}."))
    pattern = fields.String(validate=validate.Regexp("a"))
    echoed = fields.String(validate=validate.Regexp("a", error="{input} is bad"))
    own = fields.String(validate=validate.Regexp("a", error="Begin with an a."))
    when = fields.DateTime()
    span = fields.TimeDelta()
    day = fields.Date(required=True)
    identity = fields.UUID()
    mail = fields.Email()
    link = fields.Url()
    colour = fields.Enum(Colour)
    none = fields.Integer()
    many = fields.List(fields.Boolean())
    ip = fields.IPv4()
    clock = fields.Time()
    mapping = fields.Dict()
    posing = fields.String(validate=validate.Regexp("a", error="Not a valid integer."))


@pytest.mark.parametrize(
    ("name", "given", "code", "detail"),
    [
        ("number", 1, "range", WORDS["range"]),
        ("number", SECRET, "type", "Expected an integer."),
        ("above", 3, "range", WORDS["range"]),
        ("above", "nan", "range", WORDS["range"]),
        ("text", SECRET, "length", WORDS["length"]),
        ("text", 1, "type", "Expected a string."),
        ("exact", SECRET, "length", WORDS["length"]),
        ("choice", SECRET, "choice", WORDS["choice"]),
        ("echoed_choice", SECRET, "choice", WORDS["choice"]),
        ("pattern", SECRET, "pattern", WORDS["pattern"]),
        ("echoed", SECRET, "invalid", GENERAL),
        ("own", SECRET, "invalid", GENERAL),
        ("posing", SECRET, "type", "Expected an integer."),
        ("when", SECRET, "format", "Expected a date and time."),
        ("span", SECRET, "format", "Expected a duration."),
        ("day", SECRET, "format", "Expected a date."),
        ("clock", SECRET, "format", "Expected a time."),
        ("identity", SECRET, "format", "Expected a UUID."),
        ("mail", SECRET, "format", "Expected an email address."),
        ("link", SECRET, "format", "Expected a URL."),
        ("colour", SECRET, "choice", WORDS["choice"]),
        ("none", None, "null", WORDS["null"]),
        ("many", SECRET, "type", "Expected an array."),
        ("mapping", SECRET, "type", "Expected an object."),
        ("ip", SECRET, "format", WORDS["format"]),
    ],
)
def test_each_text_of_marshmallows_has_words_of_errbridges(name: str, given: Any, code: str, detail: str) -> None:
    (error,) = errors_of(Mixed(partial=True).load, {name: given})

    assert error == {"detail": detail, "pointer": f"/{name}", "code": code}


class Period(ma.Schema):
    start = fields.Integer(data_key="from")
    end = fields.Integer(data_key="to", validate=[validate.Range(min=3), bool])
    both = fields.Integer(validate=validate.And(validate.Range(min=3), validate.Range(max=5)))
    name = fields.String(validate=validate.Length(equal=3))

    @ma.validates_schema
    def ends_after_start(self, data: Any, **_: Any) -> None:
        if data.get("end", 9) <= data.get("start", 0):
            raise ma.ValidationError(f"Must be greater than {data['start']}.", "to")
        if data.get("name") == "abc":
            raise ma.ValidationError(f"Must be greater than {data['start']}.")


@pytest.mark.parametrize(
    ("given", "pointer", "code"),
    [
        ({"to": 2}, "/to", "range"),
        ({"from": 4111111111111111, "to": 4}, "/to", "range"),
        ({"from": 4, "name": "abc"}, "", "range"),
        ({"both": 6}, "/both", "range"),
        ({"name": SECRET}, "/name", "length"),
    ],
)
def test_a_bound_is_shown_only_on_request(given: Any, pointer: str, code: str) -> None:
    ((error),) = errors_of(Period().load, given)
    ((shown),) = errors_of(Period().load, given, messages=True)

    assert error == {"detail": WORDS[code], "pointer": pointer, "code": code}
    assert re.search(r" \d+\.$", shown["detail"])


@pytest.mark.parametrize(
    ("given", "detail"), [({"own": "b"}, "Begin with an a."), ({"choice": "c"}, "Must be one of: a, b.")]
)
def test_the_words_of_a_validator_are_shown_on_request(given: Any, detail: str) -> None:
    (error,) = errors_of(Mixed(partial=True).load, given, messages=True)

    assert error["detail"] == detail


def test_the_words_of_a_validator_are_cut_where_they_get_very_long() -> None:
    (error,) = errors_of(Mixed(partial=True).load, {"echoed": "b" * 5000}, messages=True)

    assert error["detail"] == "b" * 1024


class Entry(ma.Schema):
    key = fields.Integer(required=True)
    value = fields.Nested(MarshmallowItem)


class Entries(ma.Schema):
    entry = fields.Nested(Entry)
    numbers = fields.Dict(keys=fields.Integer(), values=fields.Integer())
    entries = fields.Dict(keys=fields.Integer(), values=fields.Nested(Entry))
    maps = fields.Dict(keys=fields.Integer(), values=fields.Dict(values=fields.Integer()))
    pairs = fields.Tuple((fields.Integer(), fields.Dict(keys=fields.Integer(), values=fields.Nested(Entry))))
    several = fields.List(fields.Dict(keys=fields.Integer(), values=fields.Nested(Entry)))
    more = fields.Nested(lambda: Entries(many=True))


@pytest.mark.parametrize(
    ("given", "places"),
    [
        ({"entry": {}}, ["/entry/key"]),
        ({"entry": {"key": SECRET, "value": {"count": SECRET}}}, ["/entry/key", "/entry/value/count"]),
        ({"numbers": {"a": 1}}, ["/numbers/a"]),
        ({"numbers": {"1": SECRET}}, ["/numbers/1"]),
        ({"numbers": {"key": SECRET}}, ["/numbers/key", "/numbers/key"]),
        ({"entries": {"1": {"key": SECRET}}}, ["/entries/1/key"]),
        ({"entries": {"1": {"key": 1, "value": {"count": SECRET}}}}, ["/entries/1/value/count"]),
        ({"maps": {"1": {"a": SECRET}}}, ["/maps/1/a"]),
        ({"maps": {"1": [SECRET]}}, ["/maps/1"]),
        ({"pairs": [SECRET, {"a": {"key": SECRET}}]}, ["/pairs/0", "/pairs/1/a", "/pairs/1/a/key"]),
        ({"several": [{}, {"a": {"key": SECRET}}]}, ["/several/1/a", "/several/1/a/key"]),
        ({"more": [{}, {"entries": {"a": {"key": SECRET}}}]}, ["/more/1/entries/a", "/more/1/entries/a/key"]),
        ({"_schema": 1, "more": [{"_schema": 1}]}, ["/_schema", "/more/0/_schema"]),
    ],
)
def test_marshmallow_points_at_entries_of_mappings_and_members_of_objects(given: Any, places: list[str]) -> None:
    assert sorted(error["pointer"] for error in errors_of(Entries().load, given)) == sorted(places)


def test_marshmallow_points_into_many_objects() -> None:
    assert where(MarshmallowItem(many=True).load, [{"count": 1}, {}, 7]) == [("/1/count", "missing"), ("/2", "type")]


def test_messages_without_their_schema_are_read_as_members() -> None:
    problem = problem_of(
        ma.ValidationError({"value": {"key": ["Unknown field."], 3: ["Invalid type."]}}), everywhere=True
    )

    assert problem is not None
    assert [error["pointer"] for error in problem.extensions["errors"]] == ["/value/key", "/value/3"]


class Odd(ma.Schema):
    pair = fields.Tuple((fields.Integer(),))

    @ma.validates_schema
    def odd(self, data: Any, **_: Any) -> None:
        raise ma.ValidationError({"pair": {7: ["a"]}, "other": {"inner": ["b"]}, "_schema": {"_schema": "c"}})


def test_messages_that_do_not_fit_the_schema_are_read_as_members() -> None:
    assert where(Odd().load, {}) == [("/pair/7", "invalid"), ("/other/inner", "invalid"), ("", "invalid")]
