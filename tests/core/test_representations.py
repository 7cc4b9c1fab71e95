"""Representations: JSON, XML, HTML, text, and the values that they can all hold."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from html import unescape
from html.parser import HTMLParser
from pathlib import PurePosixPath
from types import MappingProxyType, SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from errbridge import Incident, Problem
from errbridge.http.accept import HTML, JSON, TEXT, XML
from errbridge.http.status import find_phrase
from errbridge.problem.values import plain
from errbridge.problem.xml_names import NAMESPACE, element_name
from errbridge.representations.html import POLICY, STYLE_HASH, render_html
from errbridge.representations.json import render_json
from errbridge.representations.rendering import REPRESENTATIONS
from errbridge.representations.text import render_text
from errbridge.representations.xml import render_xml
from tests.core.fakes import (
    ANY_TEXT,
    ID,
    DictRaisesOnItems,
    HttpError,
    NotFound,
    Point,
    RaisesOnItems,
    RaisesOnIter,
    RaisesOnStr,
    TextRaisesOnStr,
    incident_of,
)

RESERVED = {"type", "title", "status", "detail", "instance", "headers", "self"}
SURROGATE = re.compile("[\ud800-\udfff]")


class Colour(Enum):
    RED = "red"
    NESTED = (1, 2)


class Level(IntEnum):
    HIGH = 3


class Spoken:
    def __str__(self) -> str:
        return "spoken \ud800"


class Silent:
    secret = "secret"


# Values of every kind, as a program may put them into a problem.

CYCLE: list[Any] = [1]
CYCLE.append(CYCLE)
LOOP: dict[str, Any] = {"a": 1}
LOOP["self"] = {"inner": LOOP}
POINTED = Point(1)
POINTED.y = [POINTED]
DEEP: list[Any] = []
for _ in range(100_000):
    DEEP = [DEEP]

HOSTILE: list[Any] = [
    RaisesOnStr(),
    RaisesOnIter([1]),
    RaisesOnItems(),
    DictRaisesOnItems(a=1),
    TextRaisesOnStr("text"),
    CYCLE,
    LOOP,
    POINTED,
    float("nan"),
    float("inf"),
    "\ud800\udfff",
    "\0\x01\x7f\x85\u2028\ufffe\uffff",
    b"\xff\xfe",
    {"\ud800": 1, 5: 2, None: 3, True: 4, (1, 2): 5, 1.5: 6, Colour.RED: 7, Level.HIGH: 8, b"k": 9},
    {RaisesOnStr(): 1},
    {float("nan"): 1},
    object(),
    Silent(),
    Silent,
    RaisesOnStr,
    len,
    lambda: None,
    (number for number in range(3)),
    {1, "a", None, (1, 2), 2.5},
    frozenset([RaisesOnStr()]),
    SimpleNamespace(a=1),
    ValueError("x"),
    ...,
    NotImplemented,
    memoryview(b"ab"),
    complex(1, 2),
    sys,
]

HUGE = [10**5000, -(10**5000)]
"""Python refuses to print these, hypothesis included."""

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    ANY_TEXT,
    st.binary(max_size=10),
    st.decimals(),
    st.uuids(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
    st.integers(0, len(HOSTILE) - 1).map(HOSTILE.__getitem__),
)
VALUES = st.recursive(
    LEAVES,
    lambda children: st.one_of(
        st.lists(children, max_size=4),
        st.lists(children, max_size=4).map(tuple),
        st.dictionaries(st.one_of(ANY_TEXT, st.integers(), st.booleans(), st.none()), children, max_size=4),
        st.builds(Point, st.integers(), children),
    ),
    max_leaves=12,
)
EXTENSIONS = st.dictionaries(ANY_TEXT.filter(lambda name: name not in RESERVED), VALUES, max_size=4)


def is_json(value: object) -> bool:
    """Tell whether a value is one that JSON can hold, and that UTF-8 can, too."""
    if value is None or type(value) in (bool, int):
        return True
    if type(value) is float:
        return value == value and abs(value) != float("inf")
    if isinstance(value, str):
        return SURROGATE.search(value) is None
    if type(value) is list:
        return all(map(is_json, value))
    return type(value) is dict and all(
        type(key) is str and is_json(key) and is_json(item) for key, item in value.items()
    )


# values.py


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (5, 5),
        (1.5, 1.5),
        ("é", "é"),
        (date(2026, 1, 2), "2026-01-02"),
        (time(3, 4, 5), "03:04:05"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05+00:00"),
        (timedelta(minutes=1, milliseconds=500), 60.5),
        (Decimal("1.50"), "1.50"),
        (Decimal("NaN"), "NaN"),
        (UUID(ID), ID),
        (PurePosixPath("/a/\udcff"), "/a/\ufffd"),
        (Colour.RED, "red"),
        (Colour.NESTED, [1, 2]),
        (Level.HIGH, 3),
        ("é".encode(), "é"),
        (bytearray(b"ab"), "ab"),
        (memoryview(b"ab"), "ab"),
        (b"\xff", base64.b64encode(b"\xff").decode()),
        ({"a": (1, 2)}, {"a": [1, 2]}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (Point(1, Point(2)), {"x": 1, "y": {"x": 2, "y": None}}),
        (range(3), [0, 1, 2]),
        ({"b": 1, "a": 2}.keys(), ["b", "a"]),
        ({"b": 1, "a": 2}.values(), [1, 2]),
        ({"b": 1, "a": 2}.items(), [["a", 2], ["b", 1]]),
        ({"b", "a", "c"}, ["a", "b", "c"]),
        (frozenset({2, 1}), [1, 2]),
        (
            {None: 1, True: 2, False: 3, 5: 4, 1.5: 5, Colour.RED: 6},
            {"null": 1, "true": 2, "false": 3, "5": 4, "1.5": 5, "red": 6},
        ),
        (float("nan"), None),
        (float("-inf"), None),
        ("a\ud800b", "a\ufffdb"),
        (2**4095, 2**4095),
        (2**5000, hex(2**5000)),
        (-(2**5000), hex(-(2**5000))),
        (CYCLE, [1, None]),
        (LOOP, {"a": 1, "self": {"inner": None}}),
        (Spoken(), "spoken \ufffd"),
        (ValueError("words"), "words"),
        (Silent(), "Silent"),
        (Silent, "type"),
        (Spoken, "type"),
        (len, "builtin_function_or_method"),
        ((number for number in range(3)), "generator"),
        (RaisesOnStr(), "RaisesOnStr"),
        (RaisesOnIter([1]), "RaisesOnIter"),
        (RaisesOnItems(), "RaisesOnItems"),
        (DictRaisesOnItems(a=1), "DictRaisesOnItems"),
        ({"a": [RaisesOnStr(), 1]}, {"a": ["RaisesOnStr", 1]}),
    ],
)
def test_every_value_becomes_what_the_table_of_the_module_says(value: object, expected: object) -> None:
    found = plain(value)

    assert found == expected
    assert type(found) is type(expected)


def test_the_same_value_twice_is_no_cycle() -> None:
    shared = [1]

    assert plain({"a": shared, "b": [shared, shared]}) == {"a": [1], "b": [[1], [1]]}


def test_what_is_deeper_than_32_levels_is_null() -> None:
    def depth(value: Any) -> int:
        return 1 + depth(value[0]) if isinstance(value, list) and value else 0

    value: Any = "end"
    for _ in range(32):
        value = [value]

    assert depth(plain(value)) == 32
    assert json.dumps(plain(value)).count("end") == 1
    assert json.dumps(plain([value])) == "[" * 32 + "null" + "]" * 32
    assert json.dumps(plain(DEEP)) == "[" * 32 + "null" + "]" * 32


def test_an_endless_container_is_cut_off() -> None:
    class Endless(Mapping[str, int]):
        def __getitem__(self, name: str) -> int:
            return 1

        def __iter__(self) -> Iterator[str]:
            return iter(str, "never")

        def __len__(self) -> int:
            return 1

        def items(self) -> Any:
            count = iter(int, 1)
            return ((str(index), 1) for index, _ in enumerate(count))

    found = plain(Endless())
    assert isinstance(found, dict)
    assert len(found) == 10_000
    assert plain(range(20_000)) == list(range(10_000))


def test_a_set_is_sorted_whatever_is_in_it() -> None:
    assert plain({2, 10, "b", "a", None}) == plain({None, "a", "b", 10, 2})


@given(VALUES)
@settings(deadline=None, max_examples=200)
def test_whatever_goes_in_what_comes_out_is_json(value: object) -> None:
    assert is_json(plain(value))


# What every representation promises.


@pytest.mark.parametrize("media_type", [JSON, XML, HTML, TEXT])
@pytest.mark.parametrize("value", [*HOSTILE, *HUGE], ids=lambda value: type(value).__name__)
def test_no_extension_makes_a_representation_fail(media_type: str, value: object) -> None:
    rendered = REPRESENTATIONS[media_type](incident_of(Problem(409, detail="d", odd=value, more=[value], end="end")))

    assert rendered.decode()
    assert b"secret" not in rendered
    if media_type != HTML:
        assert b"end" in rendered


@pytest.mark.parametrize("media_type", [JSON, XML, HTML, TEXT])
def test_an_extension_that_nests_beyond_reason_is_cut_off(media_type: str) -> None:
    rendered = REPRESENTATIONS[media_type](incident_of(Problem(409, deep=DEEP)))

    assert 0 < len(rendered) < 10_000


@given(title=ANY_TEXT, detail=ANY_TEXT, name=ANY_TEXT.filter(lambda name: name not in RESERVED), value=VALUES)
@settings(deadline=None, max_examples=200)
def test_every_representation_of_any_problem_is_utf_8(title: str, detail: str, name: str, value: object) -> None:
    extensions: dict[str, Any] = {name: value}
    incident = incident_of(Problem(409, title=title, detail=detail, **extensions), path=detail, root_path=title)

    for render in REPRESENTATIONS.values():
        assert render(incident).decode("utf-8") != ""


def test_there_is_one_representation_for_each_media_type() -> None:
    assert dict(REPRESENTATIONS) == {JSON: render_json, XML: render_xml, HTML: render_html, TEXT: render_text}


@pytest.mark.parametrize("media_type", [JSON, XML, HTML, TEXT])
def test_rendering_changes_nothing_and_gives_the_same_bytes_again(media_type: str) -> None:
    incident = incident_of(Problem(409, detail="d", a=[1, {"b": {3, 1, 2}}], retry_after=5))

    assert REPRESENTATIONS[media_type](incident) == REPRESENTATIONS[media_type](incident)


# JSON.


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def read_json(incident: Incident) -> Any:
    return json.loads(render_json(incident).decode("utf-8"), parse_constant=refuse)


def test_a_document_has_the_members_of_the_rfc_first_and_in_order_and_ends_the_line() -> None:
    rendered = render_json(incident_of(Problem(404, detail="é <b>", type="urn:t", sku="a", none=None)))

    assert rendered.decode() == (
        '{"type":"urn:t","title":"Not Found","status":404,"detail":"é <b>",'
        f'"instance":"urn:uuid:{ID}","sku":"a","none":null}}\n'
    )


@given(EXTENSIONS, ANY_TEXT)
@settings(deadline=None, max_examples=200)
def test_any_problem_is_valid_json(extensions: dict[str, Any], detail: str) -> None:
    document = read_json(incident_of(Problem(409, detail=detail, **extensions)))

    assert list(document)[:5] == ["type", "title", "status", "detail", "instance"]
    assert document["status"] == 409
    assert document["detail"] == SURROGATE.sub("\ufffd", detail)
    assert len(document) <= 5 + len(extensions)


CLEAN_TEXT = st.text(max_size=10)
CLEAN = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**300), 2**300),
        st.floats(allow_nan=False, allow_infinity=False),
        CLEAN_TEXT,
    ),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(CLEAN_TEXT, children, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(CLEAN_TEXT.filter(lambda name: name not in RESERVED), CLEAN, max_size=4))
@settings(deadline=None, max_examples=200)
def test_what_json_can_hold_is_read_back_as_it_was(extensions: dict[str, Any]) -> None:
    document = read_json(incident_of(Problem(409, **extensions)))

    assert {name: document[name] for name in extensions} == extensions


@given(st.dictionaries(CLEAN_TEXT.filter(lambda name: name not in RESERVED), CLEAN, max_size=4))
@settings(deadline=None, max_examples=100)
def test_a_value_that_has_to_be_replaced_changes_nothing_about_the_others(extensions: dict[str, Any]) -> None:
    document = read_json(incident_of(Problem(409, **{**extensions, "zzzzzzzzzzz": float("nan")})))

    assert document["zzzzzzzzzzz"] is None
    assert {name: document[name] for name in extensions} == extensions


# XML.


def read_name(name: str) -> str:
    return re.sub(r"_x([0-9A-F]{4,6})_", lambda found: chr(int(found[1], 16)), name)


def replaced(text: str) -> str:
    """What XML 1.0 cannot hold at all is replaced (section 2.2)."""
    return "".join(
        c if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c >= "\U00010000" else "\ufffd"
        for c in text
    )


def written(value: Any) -> Any:
    """Give what a reader of the document finds: elements in order, or text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return [(replaced_name(name), written(item)) for name, item in value.items()] or ""
    if isinstance(value, list):
        return [("i", written(item)) for item in value] or ""
    return replaced(str(value))


def replaced_name(name: str) -> str:
    return SURROGATE.sub("\ufffd", name)


def found_in(element: ET.Element) -> Any:
    assert element.attrib == {}
    children = list(element)
    if children:
        # RFC 9457 appendix B, anyNsElement: elements or text, never both.
        assert not (element.text or "").strip()
        assert not any((child.tail or "").strip() for child in children)
        return [(read_name(local(child)), found_in(child)) for child in children]
    return element.text or ""


def local(element: ET.Element) -> str:
    namespace, _, name = element.tag.rpartition("}")
    assert namespace == "{urn:ietf:rfc:7807"
    return name


def read_xml(incident: Incident) -> ET.Element:
    rendered = render_xml(incident)
    validated(rendered)
    return ET.fromstring(rendered)


etree: Any = pytest.importorskip("lxml.etree")

# RFC 9457 appendix B, from the compact syntax into the XML syntax of RELAX NG.
SCHEMA = etree.RelaxNG(
    etree.fromstring(
        """
<grammar xmlns="http://relaxng.org/ns/structure/1.0" ns="urn:ietf:rfc:7807"
         datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">
  <start><ref name="problem"/></start>
  <define name="problem">
    <element name="problem">
      <interleave>
        <optional><element name="type"><data type="anyURI"/></element></optional>
        <optional><element name="title"><data type="string"/></element></optional>
        <optional><element name="detail"><data type="string"/></element></optional>
        <optional><element name="status"><data type="positiveInteger"/></element></optional>
        <optional><element name="instance"><data type="anyURI"/></element></optional>
      </interleave>
      <ref name="anyNsElement"/>
    </element>
  </define>
  <define name="anyNsElement">
    <zeroOrMore>
      <choice>
        <element><nsName/><choice><ref name="anyNsElement"/><text/></choice></element>
        <attribute><anyName/><text/></attribute>
      </choice>
    </zeroOrMore>
  </define>
</grammar>"""
    )
)


def validated(rendered: bytes) -> None:
    """Check the rules of the grammar in appendix B, first by hand, then by a validator."""
    assert rendered.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n')
    assert b"<!" not in rendered  # no document type, no entity, no comment
    root = ET.fromstring(rendered)
    assert root.tag == "{urn:ietf:rfc:7807}problem"
    assert not (root.text or "").strip()
    names = [local(child) for child in root]
    for name in ("type", "title", "detail", "status", "instance"):
        assert names.count(name) <= 1
    core = [name for name in names if name in ("type", "title", "detail", "status", "instance")]
    assert names[: len(core)] == core  # the members of the RFC stand before the extensions
    assert int(root.findtext(f"{{{NAMESPACE}}}status") or "") > 0
    found_in(root)
    parser = etree.XMLParser(resolve_entities=False, huge_tree=True)
    SCHEMA.assertValid(etree.fromstring(rendered, parser))


def test_a_document_in_xml_has_the_same_members_in_the_same_order() -> None:
    problem = Problem(403, detail="é <b> & ]]>", type="https://example.com/credit", balance=30, ok=True, none=None)

    assert found_in(read_xml(incident_of(problem))) == [
        ("type", "https://example.com/credit"),
        ("title", "Forbidden"),
        ("status", "403"),
        ("detail", "é <b> & ]]>"),
        ("instance", f"urn:uuid:{ID}"),
        ("balance", "30"),
        ("ok", "true"),
        ("none", ""),
    ]


def test_an_array_is_a_run_of_i_elements_and_an_object_an_element_for_each_member() -> None:
    rendered = render_xml(incident_of(Problem(403, accounts=["/a", {"b": [1, []]}], empty={}, off=False)))

    assert b"<accounts><i>/a</i><i><b><i>1</i><i/></b></i></accounts><empty/><off>false</off></problem>\n" in rendered


NAMES = st.one_of(ANY_TEXT, st.text(alphabet="_xX019AaFf .-:é\0", max_size=14))


@given(NAMES.filter(lambda name: name not in ("", "\0")))
@example("_x0041_")
@example("_x005F_x0041_")
@example("1a")
@example("-")
@example("xml")
@example("a:b")
@example("\U0001f600")
@example("_x0041 ")
@settings(deadline=None, max_examples=400)
def test_every_name_is_written_as_an_element_and_can_be_read_back(name: str) -> None:
    written_name = element_name(name)

    assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9._\-]*", written_name)
    assert read_name(written_name) == name


def test_no_two_names_are_written_alike_not_even_the_empty_one() -> None:
    names = ["", "\0", "_x0000_", "_", "x", "_x", " ", "1", "_x0031_"]

    assert len({element_name(name) for name in names}) == len(names)


@given(
    st.dictionaries(
        NAMES.filter(lambda name: name not in {*RESERVED, "", "\0"} and "_x" not in name), VALUES, max_size=4
    ),
    ANY_TEXT,
    ANY_TEXT,
)
@settings(deadline=None, max_examples=200)
def test_any_problem_is_valid_xml_with_the_values_that_json_has(
    extensions: dict[str, Any], title: str, detail: str
) -> None:
    incident = incident_of(Problem(409, title=title, detail=detail, **extensions))

    members = found_in(read_xml(incident))

    assert members == [
        ("type", "about:blank"),
        ("title", replaced(title)),
        ("status", "409"),
        ("detail", replaced(detail)),
        ("instance", f"urn:uuid:{ID}"),
        *((name, written_with_names(plain(value))) for name, value in extensions.items()),
    ]


def written_with_names(value: Any) -> Any:
    """As `written`; names that the escape cannot tell apart are compared as they are written."""
    if isinstance(value, dict):
        return [(read_name(element_name(name)), written_with_names(item)) for name, item in value.items()] or ""
    if isinstance(value, list):
        return [("i", written_with_names(item)) for item in value] or ""
    return written(value)


@pytest.mark.parametrize(
    "text", ["\r", "a\r\nb", "\t x \n", "]]>", "<!DOCTYPE x>", "&amp;", "&#0;", "\ufffe", "\x1b[0m"]
)
def test_text_is_read_back_as_it_was_but_for_what_xml_cannot_hold(text: str) -> None:
    members = dict(found_in(read_xml(incident_of(Problem(409, detail=text, member=text)))))

    assert members["detail"] == members["member"] == replaced(text)


# HTML.


class Reader(HTMLParser):
    """Collects what a browser would see; everything has to be closed in order."""

    VOID = frozenset({"meta", "br", "link", "img"})

    def __init__(self, page: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.text: dict[str, str] = {}
        self.declarations: list[str] = []
        self.feed(page.decode())
        self.close()
        assert self.open == []

    def handle_decl(self, decl: str) -> None:
        self.declarations.append(decl)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        where = self.open[-1] if self.open else ""
        self.text[where] = self.text.get(where, "") + data

    def handle_comment(self, data: str) -> None:
        raise AssertionError("the page has a comment")

    def handle_pi(self, data: str) -> None:
        raise AssertionError("the page has a processing instruction")


FIXED_TAGS = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "main",
    "p",
    "h1",
    "ul",
    "li",
    "nav",
    "a",
    "footer",
    "code",
}


def as_browsers_read(link: str) -> str:
    """What a URL parser does to a link first (URL standard, section 4.4)."""
    return re.sub("[\t\n\r]", "", link.strip("".join(map(chr, range(33))))).replace("\\", "/")


def checked(page: bytes) -> Reader:
    reader = Reader(page)
    assert reader.declarations == ["DOCTYPE html"]
    assert set(reader.tags) <= FIXED_TAGS
    for name in ("html", "head", "title", "style", "body", "main", "h1", "nav"):
        assert reader.tags.count(name) == 1
    for tag, name, value in reader.attributes:
        assert not name.startswith("on")
        assert name != "style"
        assert (tag, name) in {
            ("html", "lang"),
            ("meta", "charset"),
            ("meta", "name"),
            ("meta", "content"),
            ("p", "class"),
            ("p", "dir"),
            ("h1", "dir"),
            ("li", "dir"),
            ("a", "href"),
        }
        assert value is not None
    for link in reader.links:
        assert link == "" or (link.startswith("/") and not as_browsers_read(link).startswith("//"))
    assert b"<script" not in page.lower()
    assert b"url(" not in page
    assert b"@import" not in page
    return reader


@given(
    title=ANY_TEXT, detail=ANY_TEXT, root=st.text(alphabet="/ab%é\"'<>&.:", max_size=12), status=st.integers(400, 599)
)
@example(
    title="</title><script>alert(1)</script>",
    detail="</p><img src=x onerror=alert(1)>",
    root='/"><a href="//evil',
    status=404,
)
@example(title="</style>", detail="<!-- -->", root="//evil.example/", status=503)
@example(title="&lt;", detail="&amp;", root="", status=500)
@settings(deadline=None, max_examples=200)
def test_everything_on_the_page_is_escaped_and_it_links_to_nowhere_else(
    title: str, detail: str, root: str, status: int
) -> None:
    incident = incident_of(Problem(status, title=title, detail=detail), root_path=root, host=detail, path=title)

    reader = checked(render_html(incident))

    def shown(text: str) -> str:
        return text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")

    assert reader.text.get("h1", "").replace("\r\n", "\n").replace("\r", "\n") == shown(title)
    assert shown(detail) in reader.text["p"].replace("\r\n", "\n").replace("\r", "\n")
    assert str(status) in reader.text["title"]
    assert reader.text["code"] == ID


@pytest.mark.parametrize(
    "root",
    ["/\\evil.example", "/\t/evil.example", "\\\\evil.example", "/\n/evil.example", "/ /evil.example", "/\\/evil"],
)
def test_no_root_path_makes_a_link_to_another_host(root: str) -> None:
    checked(render_html(incident_of(Problem(404), root_path=root)))


WORDED = [400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 422, 429, 500, 502, 503, 504]


@pytest.mark.parametrize("status", WORDED)
def test_the_page_has_useful_words_and_a_way_out(status: int) -> None:
    reader = checked(render_html(incident_of(Problem(status))))

    assert reader.links[-1] == "/"
    assert f"Error {status}" in reader.text["p"]
    assert len(hint(status).split()) > 5
    assert reader.text["title"] == f"{status} {find_phrase(status)}"
    assert reader.text["h1"] not in ("", find_phrase(status))  # which says nothing to most people


def test_the_headings_are_not_alike() -> None:
    assert len({checked(render_html(incident_of(Problem(status)))).text["h1"] for status in WORDED}) == len(WORDED)


def test_a_title_that_says_more_than_the_status_is_the_heading() -> None:
    reader = checked(render_html(incident_of(Problem(409, title="Sold out"))))

    assert (reader.text["title"], reader.text["h1"]) == ("409 Sold out", "Sold out")
    assert "Error 409" in reader.text["p"]
    assert "Conflict" not in reader.text["p"]


def footer(page: bytes) -> str:
    return page.decode().partition("<footer>")[2]


def test_what_is_said_of_a_bug_is_for_whoever_looks_for_it() -> None:
    page = render_html(incident_of(Problem(500, detail="Unhandled Exception")))

    assert '<p class="detail" dir="auto">Unhandled Exception</p>' in footer(page)
    assert page.count(b"Unhandled Exception") == 1


class OwnNotFound(NotFound):
    description = "There was a cheese here."


class Renamed(NotFound):
    def get_headers(self) -> list[tuple[str, str]]:
        return []


class Teapot(HttpError):
    code = 418
    description = "Short and stout"


@pytest.mark.parametrize(
    ("exception", "status", "detail", "expected"),
    [
        (NotFound(), 404, "Not here", True),  # the framework's own words
        (NotFound(), 404, "There was a cheese here.", False),
        (Renamed(), 404, "Not here", False),  # not where HTTP exceptions come from
        (Teapot(), 418, "Short and stout", False),  # for which we have no words
        (KeyError(), 404, "Not here", False),
    ],
)
def test_the_words_of_a_framework_make_room_for_ours(
    exception: BaseException, status: int, detail: str, expected: bool
) -> None:
    incident = incident_of(Problem(status, detail=detail), exception=exception)

    page = render_html(incident)

    assert page.count(detail.encode()) == 1
    assert (detail in footer(page)) is expected


def test_the_words_of_an_applications_own_exception_come_first() -> None:
    page = render_html(incident_of(Problem(404, detail=OwnNotFound.description), exception=OwnNotFound()))

    assert OwnNotFound.description in page.decode().partition("<footer>")[0]


def listed(errors: object) -> list[str]:
    page = render_html(incident_of(Problem(422, errors=errors)))
    checked(page)
    return [unescape(item) for item in re.findall(r"<li[^>]*>(.*?)</li>", page.decode(), re.DOTALL)]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"detail": "is required", "pointer": "#/name"}, "name: is required"),
        ({"detail": "is required", "pointer": "/items/0/price"}, "items / 0 / price: is required"),
        ({"detail": "is odd", "pointer": "#/a~1b~0c"}, "a/b~c: is odd"),
        ({"detail": "is too large", "parameter": "page"}, "page: is too large"),
        ({"detail": "is missing", "header": "X-Key"}, "X-Key: is missing"),
        ({"detail": "do not match"}, "do not match"),
        ({"detail": "is wrong", "pointer": ""}, "is wrong"),
        ({"detail": "is wrong", "pointer": 5}, "is wrong"),
        ("only text", "only text"),
        ({"detail": "<b>", "pointer": "#/<i>"}, "<i>: <b>"),
    ],
)
def test_the_page_lists_what_is_wrong_with_the_input(error: object, expected: str) -> None:
    assert listed([error]) == [expected]
    assert listed((error,)) == [expected]


@pytest.mark.parametrize("errors", [[], None, "text", 5, {"a": 1}, [{}], [{"detail": 5}], [None, 5, ""], RaisesOnStr()])
def test_errors_without_words_are_not_listed(errors: object) -> None:
    assert b"<ul>" not in render_html(incident_of(Problem(422, errors=errors)))


def test_of_many_errors_the_page_lists_some() -> None:
    assert listed([{"detail": str(number)} for number in range(10)]) == [str(number) for number in range(10)]
    assert listed([{"detail": str(number)} for number in range(25)])[9:] == ["9", "and 15 more"]


def hint(status: int, **extensions: Any) -> str:
    page = render_html(incident_of(Problem(status, **extensions))).decode()
    found = re.search(r'<p class="hint">(.*?)</p>', page)
    assert found is not None
    return found[1]


def test_other_statuses_have_words_by_their_class() -> None:
    assert hint(418) == hint(451) == hint(499) == "The request could not be carried out."
    assert hint(599) == hint(501) == hint(500)
    assert "carried out" not in hint(599)


@pytest.mark.parametrize(
    ("retry_after", "expected"),
    [
        (1, "Try again in 1 second."),
        (2, "Try again in 2 seconds."),
        (119, "Try again in 119 seconds."),
        (120, "Try again in about 2 minutes."),
        (3600, "Try again in about 60 minutes."),
    ],
)
def test_the_page_says_how_long_to_wait(retry_after: int, expected: str) -> None:
    assert hint(503, retry_after=retry_after).endswith(f" {expected}")
    assert hint(503, headers={"Retry-After": str(retry_after)}).endswith(f" {expected}")


@pytest.mark.parametrize("retry_after", [0, -1, None, "soon", 1.5, True, [5], 10**400, RaisesOnStr()])
def test_a_wait_that_cannot_be_told_is_left_out(retry_after: object) -> None:
    if isinstance(retry_after, int) and retry_after > 10**300:
        assert "again in about" in hint(503, retry_after=retry_after) or hint(503, retry_after=retry_after) == hint(503)
    else:
        assert hint(503, retry_after=retry_after) == hint(503)


@pytest.mark.parametrize(
    ("status", "method", "root", "links"),
    [
        (404, "GET", "", ["/"]),
        (404, "GET", "/app", ["/app/"]),
        (404, "GET", "/a/b/", ["/a/b/"]),
        (503, "GET", "", ["", "/"]),
        (429, "HEAD", "/app", ["", "/app/"]),
        (500, "POST", "", ["/"]),  # a form is not sent again by a link
        (404, "GET", "//evil.example", ["/evil.example/"]),
        (404, "GET", "/é b", ["/%C3%A9%20b/"]),
    ],
)
def test_the_ways_out_are_home_and_where_it_helps_the_same_page(
    status: int, method: str, root: str, links: list[str]
) -> None:
    assert checked(render_html(incident_of(Problem(status), method=method, root_path=root))).links == links


def test_a_page_without_a_detail_has_no_place_for_one() -> None:
    for problem in (Problem(404), Problem(404, detail="")):
        assert b'class="detail"' not in render_html(incident_of(problem))


def test_the_hash_for_the_content_security_policy_is_that_of_the_only_style() -> None:
    page = render_html(incident_of()).decode()
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)

    assert "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() == STYLE_HASH
    assert " style=" not in page
    assert f"style-src '{STYLE_HASH}'" in POLICY.split("; ")


def test_the_page_is_made_for_small_screens_dark_rooms_and_screen_readers() -> None:
    page = render_html(incident_of()).decode()

    assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert '<meta charset="utf-8">' in page
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page
    assert "prefers-color-scheme:dark" in page


# Text.


def test_text_has_status_title_detail_extensions_and_the_reference() -> None:
    problem = Problem(
        409, detail="Sold\nout", sku="a-1", n=None, ok=True, no=False, list=[1, [2, 3]], map={"a": {"b": 1}}
    )

    assert render_text(incident_of(problem)).decode() == (
        "409 Conflict\n"
        "\n"
        "Sold\nout\n"
        "\n"
        "sku: a-1\n"
        "n: -\n"
        "ok: yes\n"
        "no: no\n"
        "list: 1, 2, 3\n"
        "map: a: b: 1\n"
        "\n"
        f"Reference: {ID}\n"
    )


def test_a_problem_that_says_no_more_than_its_status_is_short() -> None:
    assert render_text(incident_of(Problem(404))).decode() == f"404 Not Found\n\nReference: {ID}\n"
    assert render_text(incident_of(Problem(404, detail=""))).decode() == f"404 Not Found\n\nReference: {ID}\n"


def test_an_extension_takes_one_line() -> None:
    problem = Problem(409, note="a\n\nReference: forged\r\n\tb")

    assert b"\nnote: a Reference: forged b\n" in render_text(incident_of(problem))


def test_a_lone_surrogate_is_replaced_in_text() -> None:
    extensions: dict[str, Any] = {"\ud800": "\ud800"}
    rendered = render_text(incident_of(Problem(409, title="\ud800", detail="\udfff", **extensions)))

    assert rendered.decode().splitlines()[:5] == ["409 ?", "", "?", "", "\ufffd: \ufffd"]
