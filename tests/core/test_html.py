"""The built-in page."""

from __future__ import annotations

import base64
import hashlib
import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from errbridge import Incident, Problem, RequestFacts
from errbridge.adapter import HTTPErrorFacts
from errbridge.http.status import find_phrase
from errbridge.mapping.problems import uncaught_problem
from errbridge.representations.html import build_page, build_policy, list_style_sources, render_html
from errbridge.representations.site import Site
from tests.core.fakes import (
    ANY_TEXT,
    ID,
    NotFound,
    RaisesOnStr,
    incident_of,
)


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
    "div",
    "svg",
    "path",
    "circle",
    "rect",
    "p",
    "h1",
    "ul",
    "li",
    "b",
    "time",
    "bdi",
    "nav",
    "a",
    "footer",
    "code",
}
DRAWN = {"svg", "path", "circle", "rect"}


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
        assert tag in DRAWN or (tag, name) in {
            ("html", "lang"),
            ("html", "dir"),
            ("div", "class"),
            ("time", "datetime"),
            ("time", "dir"),
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
    assert "url(" not in reader.text["style"]
    assert b"@import" not in page
    return reader


@given(
    title=ANY_TEXT.filter(bool),
    detail=ANY_TEXT,
    root=st.text(alphabet="/ab%é\"'<>&.:", max_size=12),
    status=st.integers(400, 599),
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
    assert reader.text["code"] == ID[:8]


@pytest.mark.parametrize(
    "root",
    ["/\\evil.example", "/\t/evil.example", "\\\\evil.example", "/\n/evil.example", "/ /evil.example", "/\\/evil"],
)
def test_no_root_path_makes_a_link_to_another_host(root: str) -> None:
    checked(render_html(incident_of(Problem(404), root_path=root)))


WORDED = [400, 401, 403, 404, 405, 406, 408, 409, 410, 413, 415, 422, 429, 500, 502, 503, 504]


def page_of(*arguments: Any, **members: Any) -> str:
    return render_html(incident_of(Problem(*arguments, **members))).decode()


def hint(*arguments: Any, **members: Any) -> str | None:
    found = re.search(r'<p class="hint">(.*?)</p>', page_of(*arguments, **members))
    return None if found is None else found[1]


@pytest.mark.parametrize("status", WORDED)
def test_the_page_has_useful_words_and_a_way_out(status: int) -> None:
    reader = checked(render_html(incident_of(Problem(status))))
    heading = reader.text["h1"]

    assert reader.links[-1] == "/"
    assert f"Error {status}" in reader.text["p"]
    assert len((hint(status) or "").split()) > 5
    assert reader.text["title"] == f"{heading} \u00b7 Error {status}"
    assert heading.lower() not in ("", find_phrase(status).lower())  # which says nothing to most people
    assert find_phrase(status) not in reader.text["p"]


def test_no_status_has_the_words_of_another() -> None:
    assert len({checked(render_html(incident_of(Problem(status)))).text["h1"] for status in WORDED}) == len(WORDED)
    assert len({hint(status) for status in WORDED}) == len(WORDED)


def test_other_statuses_have_words_by_their_class() -> None:
    assert hint(418) == hint(451) == hint(499) == "Your request could not be completed."
    assert hint(599) == hint(501) == hint(500) != hint(499)
    assert '<h1 dir="auto">I&#x27;m a Teapot</h1>' in page_of(418)
    assert '<h1 dir="auto">Something went wrong</h1>' in page_of(501)


@pytest.mark.parametrize(
    ("members", "heading"),
    [
        ({"title": "On loan"}, "On loan"),
        ({"detail": "Somebody else has the drill until 1 December."}, "Something has changed"),
        ({"title": "On loan", "detail": "Somebody else has the drill until 1 December."}, "On loan"),
        ({"errors": [{"detail": "is taken", "pointer": "#/name"}]}, "Something has changed"),
    ],
)
def test_the_page_does_not_talk_over_the_application(members: dict[str, Any], heading: str) -> None:
    page = page_of(409, **members)

    assert checked(page.encode()).text["h1"] == heading
    assert hint(409) is not None
    assert hint(409, **members) is None
    assert "Error 409" in page
    assert "Conflict" not in page.partition("<body>")[2]
    assert page.count(members.get("detail", "<body>")) == 1


def test_an_uncaught_exception_has_a_sentence_for_people() -> None:
    page = render_html(incident_of(uncaught_problem("Unhandled Exception"))).decode()

    assert "Unhandled Exception" not in page
    assert '<p class="hint">The mistake is on our side. You have done nothing wrong.</p>' in page


def test_a_500_that_explains_itself_is_heard() -> None:
    assert '<p class="detail" dir="auto">The printer is out of paper.</p>' in page_of(
        500, "The printer is out of paper."
    )


class OwnNotFound(NotFound):
    description = "There was a cheese here."


@pytest.mark.parametrize(
    ("problem", "shown"),
    [
        (HTTPErrorFacts(404, detail="Not here", is_stock=True), False),  # the framework's own words
        (HTTPErrorFacts(404, detail="There was a cheese here."), True),
        (HTTPErrorFacts(418, detail="Short and stout", is_stock=True), False),
        (Problem(404, detail="Not here"), True),
    ],
)
def test_the_words_of_a_framework_make_room_for_ours(problem: HTTPErrorFacts | Problem, shown: bool) -> None:
    meant = problem if isinstance(problem, Problem) else problem.problem

    page = render_html(incident_of(meant)).decode()

    assert (str(meant.detail) in page) is shown
    assert ('class="hint"' in page) is not shown


def listed(errors: object) -> list[str]:
    page = render_html(incident_of(Problem(422, errors=errors)))
    checked(page)
    return [
        unescape(re.sub("</?b>", "", item)) for item in re.findall(r"<li[^>]*>(.*?)</li>", page.decode(), re.DOTALL)
    ]


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


@pytest.mark.parametrize(
    ("retry_after", "expected"),
    [
        ("1", "You can try again in 1 second."),
        ("119", "You can try again in 119 seconds."),
        ("120", "You can try again in 2 minutes, at 14:33 UTC."),
        ("1801", "You can try again in 31 minutes, at 15:01 UTC."),
        ("7200", "You can try again in 120 minutes, at 16:31 UTC."),
        ("7201", "You can try again from 2026-11-29 16:31 UTC on."),
        ("172800", "You can try again from 2026-12-01 14:31 UTC on."),
        ("Sun, 29 Nov 2026 15:00:00 GMT", "You can try again in 30 minutes, at 15:00 UTC."),
        ("Tue, 01 Dec 2026 08:00:00 GMT", "You can try again from 2026-12-01 08:00 UTC on."),
    ],
)
def test_the_page_says_when_to_try_again(retry_after: str, expected: str) -> None:
    found = hint(503, headers={"Retry-After": retry_after})

    assert found is not None
    assert re.sub("<.*?>", "", found) == expected
    assert hint(503) != found
    own = page_of(503, "We move house.", headers={"Retry-After": retry_after})
    assert own.index("We move house.") < own.index(found)


@pytest.mark.parametrize(
    "retry_after",
    [
        "0",
        "-1",
        "soon",
        "1.5",
        "9" * 400,
        "999999999",
        "Sun, 29 Nov 2026 14:00:00 GMT",
        "Sun, 99 Nov 2026 14:00:00 GMT",
    ],
)
def test_a_wait_that_is_over_or_unknown_is_left_out(retry_after: str) -> None:
    assert hint(503, headers={"Retry-After": retry_after}) == hint(503)


@pytest.mark.parametrize("retry_after", [None, True, [5], 10**400, RaisesOnStr()])
def test_a_wait_that_is_no_number_is_left_out(retry_after: object) -> None:
    assert hint(503, retry_after=retry_after) == hint(503)


AGAIN = "Try again"
HOME = "Go to the home page"
SITE = Site(
    "Cheese & Co",
    logo="/logo.svg",
    accent="#fc0",
    home_url="https://shop.example/",
    login_url="/login?next=a&b",
    contact="help@shop.example",
    status_url="https://status.example/",
)
HOME_LINK, LOGIN_LINK = ("https://shop.example/", HOME), ("/login?next=a&b", "Sign in")
CONTACT_LINK, STATUS_LINK = ("mailto:help@shop.example", "Contact us"), ("https://status.example/", "Service status")


def test_a_logo_of_markup_is_in_the_page_and_is_not_read_out() -> None:
    page = render_html(incident_of(Problem(404)), Site("Cheese", logo="<svg><path/></svg>")).decode()

    assert '<span aria-hidden="true"><svg><path/></svg></span>' in page


def actions(problem: Problem, site: Site | None = None, **facts: Any) -> list[tuple[str, str]]:
    page = render_html(incident_of(problem, **facts), site or Site()).decode()
    (nav,) = re.findall("<nav>(.*?)</nav>", page)
    return [(unescape(url), label) for url, label in re.findall('<a href="(.*?)">(.*?)</a>', nav)]


@pytest.mark.parametrize(
    ("problem", "facts", "expected"),
    [
        (Problem(404), {}, [("/", HOME)]),
        (Problem(404), {"root_path": "/app"}, [("/app/", HOME)]),
        (Problem(404), {"root_path": "/a/b/"}, [("/a/b/", HOME)]),
        (Problem(404), {"root_path": "//evil.example"}, [("/evil.example/", HOME)]),
        (Problem(404), {"root_path": "/é b"}, [("/%C3%A9%20b/", HOME)]),
        (Problem(503), {}, [("", AGAIN), ("/", HOME)]),
        (Problem(409), {}, [("", "Load again"), ("/", HOME)]),
        (Problem(429), {"method": "HEAD"}, [("", AGAIN), ("/", HOME)]),
        (Problem(500), {"method": "POST"}, [("/", HOME)]),  # a form is not sent again by a link
        (Problem(503, headers={"Retry-After": "60"}), {}, [("", AGAIN), ("/", HOME)]),
        (Problem(503, headers={"Retry-After": "61"}), {}, [("/", HOME)]),  # it would lead to the same page
        (Problem(429, headers={"Retry-After": "Tue, 01 Dec 2037 08:00:00 GMT"}), {}, [("/", HOME)]),
    ],
)
def test_the_ways_out_are_home_and_where_it_helps_the_same_page(
    problem: Problem, facts: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert actions(problem, **facts) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, [LOGIN_LINK, HOME_LINK]),
        (403, [HOME_LINK, CONTACT_LINK]),
        (404, [HOME_LINK]),
        (500, [("", AGAIN), HOME_LINK, STATUS_LINK, CONTACT_LINK]),
        (503, [("", AGAIN), HOME_LINK, STATUS_LINK, CONTACT_LINK]),
    ],
)
def test_a_site_has_more_ways_out_where_they_fit(status: int, expected: list[tuple[str, str]]) -> None:
    assert actions(Problem(status), SITE) == expected


def test_the_page_is_dressed_as_the_site() -> None:
    page = render_html(incident_of(Problem(404)), SITE).decode()

    assert "<title>Page not found · Cheese &amp; Co</title>" in page
    link = '<a href="https://shop.example/"><img src="/logo.svg" alt=""><span>Cheese &amp; Co</span></a>'
    assert f'<header class="site">{link}</header>' in page
    assert [hash_of(style) for style in styles_of(page)] == re.findall(r"'(sha256-[^']+)'", build_policy(SITE))
    assert "; img-src 'self'; " in build_policy(SITE)


def test_a_page_that_is_made_in_advance_has_no_reference() -> None:
    problem = Problem(404)

    page = render_html(Incident(problem, problem, RequestFacts(), ""))

    assert b"<footer>" not in page
    assert b"Reference" not in page


def test_another_page_in_the_same_look_works_under_a_policy_of_its_own() -> None:
    page, policy = build_page("<title>", "<p>content", "p{color:red}")

    text = page.decode()
    assert "<title>&lt;title&gt;</title>" in text
    assert "<main>\n<p>content\n</main>" in text
    assert "errbridge" not in text
    hashes = [hash_of(style) for style in styles_of(text)]
    assert hashes == re.findall(r"'(sha256-[^']+)'", policy)
    assert len(hashes) == 2


def hash_of(style: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def styles_of(page: str) -> list[str]:
    return re.findall(r"<style>(.*?)</style>", page, re.DOTALL)


def test_a_page_without_a_detail_has_no_place_for_one() -> None:
    for problem in (Problem(404), Problem(404, detail="")):
        assert b'class="detail"' not in render_html(incident_of(problem))


def test_the_hash_for_the_content_security_policy_is_that_of_the_only_style() -> None:
    page = render_html(incident_of()).decode()
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)

    assert list_style_sources() == (f"'{hash_of(style)}'",)
    assert " style=" not in page
    assert f"style-src '{hash_of(style)}'" in build_policy().split("; ")


def test_the_page_is_made_for_small_screens_dark_rooms_and_screen_readers() -> None:
    page = render_html(incident_of()).decode()

    assert page.startswith('<!DOCTYPE html>\n<html lang="en" dir="ltr">')
    assert '<meta charset="utf-8">' in page
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page
    assert "prefers-color-scheme:dark" in page
