"""What every representation promises."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from errbridge import Problem
from errbridge.http.accept import HTML, JSON, TEXT, XML
from errbridge.representations.html import render_html
from errbridge.representations.rendering import REPRESENTATIONS, render_json, render_text, render_xml
from tests.core.fakes import ANY_TEXT, render
from tests.core.values import DEEP, HOSTILE, HUGE, RESERVED, VALUES


@pytest.mark.parametrize("media_type", [JSON, XML, HTML, TEXT])
@pytest.mark.parametrize("value", [*HOSTILE, *HUGE], ids=lambda value: type(value).__name__)
def test_no_extension_makes_a_representation_fail(media_type: str, value: object) -> None:
    rendered = render(media_type, Problem(409, detail="d", odd=value, more=[value], end="end"))

    assert rendered.decode()
    assert b"secret" not in rendered
    if media_type != HTML:
        assert b"end" in rendered


@pytest.mark.parametrize("media_type", [JSON, XML, HTML, TEXT])
def test_an_extension_that_nests_beyond_reason_is_cut_off(media_type: str) -> None:
    rendered = render(media_type, Problem(409, deep=DEEP))

    assert 0 < len(rendered) < 10_000


@given(title=ANY_TEXT, detail=ANY_TEXT, name=ANY_TEXT.filter(lambda name: name not in RESERVED), value=VALUES)
@settings(deadline=None, max_examples=200)
def test_every_representation_of_any_problem_is_utf_8(title: str, detail: str, name: str, value: object) -> None:
    extensions: dict[str, Any] = {name: value}
    problem = Problem(409, title=title, detail=detail, **extensions)

    for media_type in REPRESENTATIONS:
        assert render(media_type, problem, path=detail, root_path=title).decode("utf-8") != ""


def test_there_is_one_representation_for_each_media_type() -> None:
    assert dict(REPRESENTATIONS) == {JSON: render_json, XML: render_xml, HTML: render_html, TEXT: render_text}


@pytest.mark.parametrize("media_type", [JSON, XML, HTML, TEXT])
def test_rendering_changes_nothing_and_gives_the_same_bytes_again(media_type: str) -> None:
    problem = Problem(409, detail="d", a=[1, {"b": {3, 1, 2}}], retry_after=5)

    assert render(media_type, problem) == render(media_type, problem)


def test_an_object_with_the_one_member_i_is_no_array_in_xml() -> None:
    rendered = render_xml(Problem(409, object={"i": 1}, array=[1]))

    assert b"<object><_x0069_>1</_x0069_></object><array><i>1</i></array>" in rendered
