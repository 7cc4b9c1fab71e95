"""``application/problem+xml``."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from errbridge import Incident, Problem
from errbridge.problem.values import to_json_value
from errbridge.representations.rendering import NAMESPACE, encode_name, render_xml
from tests.core.fakes import (
    ANY_TEXT,
    ID,
    incident_of,
)
from tests.core.values import RESERVED, SURROGATE, VALUES


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
    rendered = render_xml(incident.problem)
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
    assert names[: len(core)] == core  # the members of the RFC come before the extensions
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
    rendered = render_xml(Problem(403, accounts=["/a", {"b": [1, []]}], empty={}, off=False))

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
    written_name = encode_name(name)

    assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9._\-]*", written_name)
    assert read_name(written_name) == name


def test_no_two_names_are_written_alike_not_even_the_empty_one() -> None:
    names = ["", "\0", "_x0000_", "_", "x", "_x", " ", "1", "_x0031_"]

    assert len({encode_name(name) for name in names}) == len(names)


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
        ("title", replaced(title or "Conflict")),
        ("status", "409"),
        ("detail", replaced(detail)),
        ("instance", f"urn:uuid:{ID}"),
        *((name, written_with_names(to_json_value(value))) for name, value in extensions.items()),
    ]


def written_with_names(value: Any) -> Any:
    """As `written`; names that the escape cannot distinguish are compared as they are written."""
    if isinstance(value, dict):
        return [(read_name(encode_name(name)), written_with_names(item)) for name, item in value.items()] or ""
    if isinstance(value, list):
        return [("i", written_with_names(item)) for item in value] or ""
    return written(value)


@pytest.mark.parametrize(
    "text", ["\r", "a\r\nb", "\t x \n", "]]>", "<!DOCTYPE x>", "&amp;", "&#0;", "\ufffe", "\x1b[0m"]
)
def test_text_is_read_back_as_it_was_but_for_what_xml_cannot_hold(text: str) -> None:
    members = dict(found_in(read_xml(incident_of(Problem(409, detail=text, member=text)))))

    assert members["detail"] == members["member"] == replaced(text)
