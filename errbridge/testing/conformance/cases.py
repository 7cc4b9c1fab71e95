"""The cases: applications, the questions to each of them, and what errbridge promises to answer.

Nothing here is computed from the implementation. Where a framework may decide, nothing is expected.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn
from urllib.parse import urlsplit

from errbridge.incident import Page, Reply
from errbridge.problem.problem import Problem
from errbridge.scopes.scope import Scope
from errbridge.testing.conformance.description import (
    Action,
    Application,
    Area,
    Case,
    Expected,
    Group,
    On,
    Question,
    Route,
    Style,
)

__all__ = ["CASES", "Fail"]

DOCUMENT, XML = "application/problem+json", "application/problem+xml"
PAGE, TEXT, PLAIN = "text/html", "text/plain", "application/json"

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
AXIOS = "application/json, text/plain, */*"
XHR = {"accept": "*/*", "x_requested_with": "XMLHttpRequest"}

Row = tuple[str, str | Question, Expected]
"""The name of a case, the question (see `ask`), and the answer that is due."""


class Fail(Exception):
    """What fails in these applications. No part of its message may reach a client."""


class Sold(Exception):
    """An exception of the domain, which knows nothing of HTTP."""


class SoldTwice(Sold):
    """A more special one."""


class OutOfCredit(Problem, status=402, title="Out of credit", type="https://example.com/out-of-credit"):
    """A problem type with members of its own."""

    balance: int


def ask(line: str, **headers: str) -> Question:
    """Ask for ``/path``, ``//host/path`` or ``METHOD /path``; a header is a keyword: ``x_requested_with="..."``."""
    method, _, url = line.rpartition(" ")
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return Question(urlsplit(url).path, method or "GET", named, urlsplit(url).netloc or "localhost")


def give(value: object) -> Action:
    """Return a value."""
    return lambda abort: value


def fail(make: Callable[[], Exception]) -> Action:
    """Raise an exception that knows no framework, a new one each time."""

    def act(abort: object) -> NoReturn:
        raise make()

    return act


def problem(status: int, **members: Any) -> Action:
    """Raise a problem."""
    return fail(partial(Problem, status, **members))


def routes(*statuses: int, detail: str | None = None, **views: Action) -> tuple[Route, ...]:
    """Make a route for each status, with it as path, that raises a problem; and one for each view, by its name."""
    raising: dict[str, Action] = {str(status): problem(status, detail=detail) for status in statuses}
    return tuple(Route("/" + name.replace("_", "-"), does) for name, does in (raising | views).items())


def reply(words: str, status: int | None = None, **headers: str) -> Action:
    """Return a reply that names the handler in its text; a header is written as a keyword."""
    return give(Reply(words, status, {name.replace("_", "-"): value for name, value in headers.items()}))


def named(owner: str, *keys: Any) -> tuple[On, ...]:
    """Register a handler for each key that names itself, as ``app 404``."""
    return tuple(On(key, reply(f"{owner} {getattr(key, '__name__', key)}")) for key in keys)


def document(status: int, owner: str = "app", headers: Any = (), lists: Any = (), **members: Any) -> Expected:
    """Expect a problem document that has these members among others."""
    return Expected(status, DOCUMENT, owner, members, dict(headers), dict(lists))


def page(status: int, owner: str = "app", has: str = "", **more: Any) -> Expected:
    """Expect a page that has a text."""
    return Expected(status, PAGE, owner, has=has, **more)


def text(status: int, body: str, owner: str = "app") -> Expected:
    """Expect a text, as a handler returned it."""
    return Expected(status, TEXT, owner, body=body)


CRASH = fail(partial(Fail, "a secret"))
FINE = give("fine")
SOLD = fail(Sold)
INDEX = fail(partial(IndexError, "a secret"))
CREDIT = fail(partial(OutOfCredit, balance=3, detail="You have 3."))


# Who owns an error.

OWNERSHIP = Application(
    "ownership",
    routes=(Route("/crash", CRASH), Route("/only-put", FINE, ("PUT",)), Route("/api/foreign", CRASH)),
    groups=(
        Group("api", "/api", (Route("/item/<int:number>", FINE, ("PUT",)), *routes(crash=CRASH)), "api"),
        Group("web", "/web", style="web"),
        Group("free", None, routes(free=CRASH), "api"),
        Group(
            "outer", "/outer", (), "api", nested=(Group("inner", "/inner", routes(crash=CRASH), "web"), Group("bare"))
        ),
        Group("user", "/users/<int:number>", routes(crash=CRASH), "api"),
        Group("me", "/users/me", style="web"),
        Group("named", "/users/<name>", style="api"),
    ),
    areas=(
        Area(Scope(prefix="/v2"), style="api"),
        Area(Scope(prefix="/v2/site"), style="web"),
        Area(Scope(host="api.example.com"), style="api"),
        Area(Scope(host="api.example.com", prefix="/pages"), style="web"),
        Area(Scope(host="*.example.com"), style="web"),
        Area(Scope(host="*.eu.example.com"), style="api"),
        Area(Scope(host="<tenant>.example.org"), style="api"),
    ),
)


_UNKNOWN_URLS: tuple[tuple[str, str, str], ...] = (
    ("app", PAGE, "/nope /apiary /API/nope /other/api/nope /free/nope /users"),
    ("app", PAGE, "//example.com/nope //notexample.com/nope //a.acme.example.org/nope"),
    ("api", DOCUMENT, "/api/nope /api /api/ /api/item/x"),
    ("web", PAGE, "/web/nope"),
    ("outer", DOCUMENT, "/outer/nope /outer/innermost"),
    ("outer.inner", PAGE, "/outer/inner/nope /outer/inner/deep/nope"),
    ("user", DOCUMENT, "/users/7/nope"),
    ("me", PAGE, "/users/me/nope"),
    ("named", DOCUMENT, "/users/ann/nope"),
    ("/v2", DOCUMENT, "/v2/nope"),
    ("/v2/site", PAGE, "/v2/site/nope"),
    ("//api.example.com/", DOCUMENT, "//api.example.com/nope //API.Example.COM:8443/nope //api.example.com/web/nope"),
    ("//api.example.com/pages", PAGE, "//api.example.com/pages/nope"),
    ("//*.example.com/", PAGE, "//shop.example.com/nope //a.b.example.com/api/nope"),
    ("//*.eu.example.com/", DOCUMENT, "//shop.eu.example.com/nope"),
    ("//<tenant>.example.org/", DOCUMENT, "//acme.example.org/nope"),
)

OWNERSHIP_ROWS: tuple[Row, ...] = (
    *(
        (f"{url} belongs to {owner}", url, Expected(404, media_type, owner))
        for owner, media_type, urls in _UNKNOWN_URLS
        for url in urls.split()
    ),
    ("a view's error belongs to its group", "/api/crash", document(500, "api")),
    ("a nested group comes before the one around it", "/outer/inner/crash", page(500, "outer.inner")),
    ("a group without a prefix owns its views", "/free", document(500, "free")),
    ("a view under a group's prefix is in its URL space", "/api/foreign", document(500, "api")),
    ("a group with a dynamic prefix owns its views", "/users/7/crash", document(500, "user")),
    ("the application owns what is left", "/crash", page(500)),
    ("a wrong method belongs to the route's group", "DELETE /api/item/3", document(405, "api", lists={"Allow": "PUT"})),
    ("a wrong method elsewhere belongs to the app", "DELETE /only-put", page(405, lists={"Allow": "PUT"})),
)


# Which handler answers.

PASSING = tuple(On(key, give(None)) for key in (418, "4xx", Sold, None))
PRECEDENCE = Application(
    "precedence",
    style="api",
    routes=routes(409, 410, 418, 423, 503, sold=SOLD, crash=CRASH, credit=CREDIT),
    groups=(
        Group(
            "shop",
            "/shop",
            routes(409, 410, 503, sold=SOLD, sold_twice=fail(SoldTwice), index=INDEX, crash=CRASH),
            "web",
            handlers=(On(LookupError, reply("shop lookup", 400)), *named("shop", 409, "4xx")),
        ),
        Group("all", "/all", routes(418, crash=CRASH, sold=SOLD, index=INDEX), handlers=(On(None, reply("all")),)),
        Group("passing", "/passing", routes(409, 418, sold=SOLD), "web", handlers=PASSING),
        Group("several", "/several", routes(410), handlers=(On((404, 410), reply("several")),)),
        Group("plain", "/plain", routes(410, crash=CRASH), "api", failure=True),
    ),
    handlers=(
        *named("first", 404),
        *named("app", 404, "4xx", "5xx", 418, OutOfCredit, 402),
        On(Sold, give(Problem(410, detail="It is sold."))),
        On(IndexError, reply("app index", 400)),
        On(423, problem(451, detail="Refused for another reason.")),
    ),
)

PRECEDENCE_ROWS: tuple[Row, ...] = (
    ("the last handler of a key counts", "/nope", text(404, "app 404")),
    ("a status comes before its class", "/418", text(418, "app 418")),
    ("a class of codes", "/409", text(409, "app 4xx")),
    ("a class of server errors", "/503", text(503, "app 5xx")),
    ("an uncaught exception is a 500", "/crash", text(500, "app 5xx")),
    ("an exception class comes before its status", "/credit", text(402, "app OutOfCredit")),
    ("a domain exception is the problem it means", "/sold", document(410, detail="It is sold.")),
    ("a domain exception looks like the scope it happened in", "/shop/sold", page(410, "shop", "It is sold.")),
    ("a base class answers for its subclass", "/shop/sold-twice", page(410, "shop", "It is sold.")),
    ("a near base class comes before the class in a farther scope", "/shop/index", text(400, "shop lookup", "shop")),
    ("the nearest scope comes first", "/shop/409", text(409, "shop 409", "shop")),
    ("its class of codes comes before its style", "/shop/410", text(410, "shop 4xx", "shop")),
    ("its style comes before a farther handler", "/shop/503", page(503, "shop")),
    ("its style answers an uncaught exception", "/shop/crash", page(500, "shop")),
    ("a catch-all gets an uncaught exception", "/all/crash", text(500, "all", "all")),
    ("a catch-all gets HTTP errors", "/all/418", text(418, "all", "all")),
    ("a catch-all gets errors of routing", "/all/nope", text(404, "all", "all")),
    ("a catch-all waits until the whole chain was asked", "/all/sold", document(410, "all", detail="It is sold.")),
    ("a farther handler of the class comes before a catch-all", "/all/index", text(400, "app index", "all")),
    ("None passes an error on to the style of the scope", "/passing/409", page(409, "passing")),
    ("None from every candidate leads to the style", "/passing/418", page(418, "passing")),
    ("None passes a domain exception on to the next scope", "/passing/sold", page(410, "passing", "It is sold.")),
    ("one handler for several keys", "/several/410", text(410, "several", "several")),
    ("one handler for several keys, routing", "/several/nope", text(404, "several", "several")),
    ("a failure page is for uncaught exceptions", "/plain/crash", page(500, "plain")),
    ("and for nothing else", "/plain/410", document(410, "plain")),
    ("what a handler raises is what it means", "/423", document(451, detail="Refused for another reason.")),
)


# What a handler may return, and in which colour.

ANSWERS = Application(
    "answers",
    style="api",
    routes=routes(*range(400, 419)),
    handlers=(
        On(400, give("words")),
        On(401, give(("words", 418))),
        On(402, give(("words", 419, {"X-Own": "yes"}))),
        On(403, give(("words", {"X-Own": "yes"}))),
        On(405, give({"own": [1, 2]})),
        On(406, reply("words", 410, X_Own="yes")),
        On(407, give(Reply(b"\x00\x01"))),
        On(408, give(Reply("<p>words", headers={"Content-Type": "text/html; charset=utf-8", "Cache-Control": "x"}))),
        On(409, give(Problem(410, detail="Meant.", own=1)), "async", 2),
        On(410, give(Problem(503, detail="Meant.")), "awaitable"),
        On(411, reply("async"), "async"),
        On(412, reply("object"), "object"),
        On(413, reply("awaitable"), "awaitable", 2),
        On(414, reply("with the incident"), "sync", 2),
        On(415, lambda abort: abort(404, "Aborted."), "async"),
        On(416, give(("words", None, {"X-Own": "yes"}))),
        On(417, reply("bad header", X_Own="a\r\nX-Evil: b")),
    ),
)

_OWN = {"X-Own": "yes"}

ANSWERS_ROWS: tuple[Row, ...] = (
    ("a text keeps the status of the error", "/400", Expected(400, body="words")),
    ("a tuple may have a status", "/401", Expected(418, body="words")),
    ("a tuple may have headers, too", "/402", Expected(419, body="words", headers=_OWN)),
    ("headers alone keep the status", "/403", Expected(403, body="words", headers=_OWN)),
    ("None as status keeps it", "/416", Expected(416, body="words", headers=_OWN)),
    ("a dict is JSON, with the status of the error", "/405", Expected(405, PLAIN, has='"own"')),
    ("a reply decides about every byte", "/406", Expected(410, TEXT, body="words", headers=_OWN)),
    ("a reply of bytes", "/407", Expected(407, "application/octet-stream", body="\x00\x01")),
    ("a reply's own headers win", "/408", Expected(408, PAGE, body="<p>words", headers={"Cache-Control": "x"})),
    ("a problem is shown as its scope shows it", "/409", document(410, detail="Meant.", own=1, title="Gone")),
    ("a problem's status decides about the headers", "/410", document(503, detail="Meant.")),
    ("a coroutine function is awaited", "/411", text(411, "async")),
    ("an object with an async call is awaited", "/412", text(412, "object")),
    ("what a plain function returns is awaited", "/413", text(413, "awaitable")),
    ("a handler may take the incident", "/414", text(414, "with the incident")),
    ("a handler may abort", "/415", document(404, detail="Aborted.")),
    ("no handler splits a header", "/417", Expected(417, TEXT, headers={"X-Evil": None})),
    ("no handler is asked where none is registered", "/418", document(418)),
)


# In which form.

_STYLES: tuple[Style, ...] = ("api", "web", "default")

NEGOTIATION = Application(
    "negotiation",
    groups=tuple(Group(style, f"/{style}", routes(409, detail="It is sold."), style) for style in _STYLES),
)

_ACCEPTED: tuple[tuple[str, str, str, str], ...] = (
    # Accept, and what an API, a website and a plain scope answer
    ("*/*", DOCUMENT, PAGE, PAGE),
    ("", DOCUMENT, PAGE, PAGE),
    (";;garbage,,q", DOCUMENT, PAGE, PAGE),
    ("application/json", DOCUMENT, DOCUMENT, DOCUMENT),
    ("application/problem+json", DOCUMENT, DOCUMENT, DOCUMENT),
    ("application/vnd.example+json", DOCUMENT, DOCUMENT, DOCUMENT),
    ("application/problem+xml", XML, XML, XML),
    ("application/xml", XML, XML, XML),
    ("application/xml, application/json", DOCUMENT, DOCUMENT, DOCUMENT),
    ("application/xml, application/json;q=0.9", XML, XML, XML),
    (AXIOS, DOCUMENT, DOCUMENT, DOCUMENT),
    (BROWSER, DOCUMENT, PAGE, PAGE),
    ("text/plain", TEXT, TEXT, TEXT),
    ("text/plain;q=0.5, application/json;q=0.4", TEXT, TEXT, TEXT),
    ("application/json;q=0, */*", TEXT, PAGE, PAGE),
    ("image/png", DOCUMENT, PAGE, PAGE),
)

NEGOTIATION_ROWS: tuple[Row, ...] = (
    *(
        (
            f"{style} asked for {accept!r}",
            ask(f"/{style}/409", accept=accept),
            Expected(409, media_type, style, has="It is sold.", lists={"Vary": "Accept"}),
        )
        for accept, *answered in _ACCEPTED
        for style, media_type in zip(_STYLES, answered, strict=True)
    ),
    ("no Accept at all", "/api/409", document(409, "api", detail="It is sold.")),
    (
        "a website answers an XMLHttpRequest with a document",
        ask("/web/409", **XHR),
        document(409, "web", lists={"Vary": "X-Requested-With"}),
    ),
)


# Headers, members and methods.

HEADERS = Application(
    "headers",
    style="api",
    routes=routes(
        499,
        599,
        later=problem(429, headers={"Retry-After": "30"}),
        at_once=problem(503, headers={"Retry-After": "0"}),
        login=problem(401, headers=[("WWW-Authenticate", "Basic"), ("WWW-Authenticate", "Bearer")]),
        range=problem(416, headers={"Content-Range": "bytes */1234"}),
        split=problem(400, headers={"X-Own": "a\r\nX-Evil: b", "X-Nul": "a\0b"}),
        cached=problem(503, headers={"Cache-Control": "max-age=3"}),
        members=problem(409, sku="a-1", nothing=None, many=[1, {"two": 2}], trace_id="own"),
        typed=CREDIT,
        instance=problem(409, instance="/orders/3"),
        text=problem(400, detail="<b>&\u2028\ud800</b>"),
        abort=lambda abort: abort(404, "Aborted."),
        group=fail(partial(ExceptionGroup, "several", [Problem(404), Problem(409, detail="Worse.")])),
        mixed=fail(partial(ExceptionGroup, "several", [Problem(404), Fail("a secret")])),
        crash=CRASH,
    ),
)

_UNHANDLED = "Unhandled Exception"
_CRASHED: dict[str, Any] = {"title": "Internal Server Error", "detail": _UNHANDLED}
_BEARER = {"WWW-Authenticate": "Bearer"}
_RANGE = {"Content-Range": "bytes */1234"}
_TYPE = "https://example.com/out-of-credit"
_TRACE = "0af7651916cd43dd8448eb211c80319c"
_PARENT = f"00-{_TRACE}-b7ad6b7169203331-01"
_NO_PARENT = f"00-{'0' * 32}-b7ad6b7169203331-01"

HEADERS_ROWS: tuple[Row, ...] = (
    ("when to try again", "/later", document(429, headers={"Retry-After": "30"}, retry_after=30)),
    ("at once", "/at-once", document(503, headers={"Retry-After": "0"}, retry_after=0)),
    ("every way to authenticate", "/login", document(401, lists=_BEARER, authenticate=["Basic", "Bearer"])),
    ("which ranges there are", "/range", document(416, headers=_RANGE, units="bytes", length=1234)),
    ("no header is split", "/split", document(400, headers={"X-Evil": None})),
    ("an own Cache-Control", "/cached", document(503, headers={"Cache-Control": "max-age=3"})),
    ("members of any value", "/members", document(409, sku="a-1", nothing=None, many=[1, {"two": 2}], trace_id="own")),
    ("a problem type", "/typed", document(402, type=_TYPE, title="Out of credit", detail="You have 3.", balance=3)),
    ("an own instance", "/instance", document(409, instance="/orders/3")),
    ("a status without a phrase", "/499", document(499, type="about:blank")),
    ("another one", "/599", document(599)),
    ("a detail that no encoding can hold", "/text", document(400)),
    ("the framework's own exception", "/abort", document(404, detail="Aborted.")),
    ("a group of HTTP errors is the most severe of them", "/group", document(409, detail="Worse.")),
    ("a group with a bug is a bug", "/mixed", document(500, detail=_UNHANDLED)),
    ("nothing of an uncaught exception is shown", "/crash", document(500, type="about:blank", **_CRASHED)),
    ("nor in XML", ask("/crash", accept="application/xml"), Expected(500, XML, has=_UNHANDLED)),
    ("nor where a browser asks an API", ask("/crash", accept=BROWSER), document(500)),
    ("nor as text", ask("/crash", accept="text/plain"), Expected(500, TEXT, has=_UNHANDLED)),
    ("HEAD has the headers of GET", "HEAD /later", document(429, headers={"Retry-After": "30"})),
    ("HEAD of what is not there", "HEAD /nope", document(404)),
    ("the trace of the request", ask("/later", traceparent=_PARENT), document(429, trace_id=_TRACE)),
    ("a trace that is none", ask("/later", traceparent=_NO_PARENT), document(429, trace_id=None)),
    ("a problem's own trace", ask("/members", traceparent=_PARENT), document(409, trace_id="own")),
)


# When answering fails.


_WORSE = fail(partial(Fail, "another secret"))

_FAILING = (
    ("a handler that fails", On(400, _WORSE)),
    ("a handler that returns what is no answer", On(401, give(object()))),
    ("a page whose template does not exist", On(402, give(Page("no/such/template.html")))),
    ("a status that HTTP does not have", On(403, give(("words", 99)))),
    ("an async handler that fails", On(405, _WORSE, "async", 2)),
    ("a handler that raises StopIteration", On(407, fail(StopIteration))),
    ("a handler that returns a bug", On(408, give(ValueError("a secret")))),
)

FAILURES = Application(
    "failures",
    style="api",
    routes=routes(*range(400, 411), detail="Said.", crash=CRASH, sold=SOLD),
    groups=(Group("web", "/web", routes(409, detail="Said."), "web", handlers=(On(409, _WORSE),)),),
    handlers=(
        *(on for _, on in _FAILING),
        On(406, give(Reply("words", headers={"": "x", "X-Own": "ok"}))),
        On("5xx", _WORSE),
        On(Sold, _WORSE),
    ),
)


def _fallen(status: int, media_type: str = DOCUMENT, owner: str = "app", **expected: Any) -> Expected:
    """Expect the built-in answer with the status of the error, and the failure in the log."""
    return Expected(status, media_type, owner, level="ERROR", **expected)


FAILURES_ROWS: tuple[Row, ...] = (
    *((name, f"/{on.key}", _fallen(on.key, members={"detail": "Said."})) for name, on in _FAILING),
    ("in another style", "/web/409", _fallen(409, PAGE, "web", has="Said.")),
    ("as another media type", ask("/400", accept="text/plain"), _fallen(400, TEXT, has="Said.")),
    ("for HEAD", "HEAD /400", _fallen(400)),
    ("a handler of uncaught exceptions that fails", "/crash", _fallen(500, members=_CRASHED)),
    ("a handler of a class that fails makes an uncaught exception of it", "/sold", _fallen(500, members=_CRASHED)),
    ("a header without a name is left out", "/406", Expected(406, TEXT, body="words", headers={"X-Own": "ok"})),
    ("the others are answered as if nothing were wrong", "/410", document(410, detail="Said.")),
)


# Settings.

SETTINGS = Application(
    "settings",
    routes=routes(410, crash=CRASH, credit=CREDIT, own=problem(409, type="urn:own")),
    groups=(Group("web", "/web", routes(410), "web"),),
    config={
        "ERROR_DEFAULT_MSG": "Something broke.",
        "ERROR_TYPE_URI": "https://example.com/{status}/{slug}",
        "ERROR_HANDLER": "api",
        "ERROR_FORCE_CONTENT_TYPE": False,
        "ERROR_XHR_ENABLED": False,
    },
)


SETTINGS_ROWS: tuple[Row, ...] = (
    ("the words for an uncaught exception", "/crash", Expected(500, PLAIN, members={"detail": "Something broke."})),
    ("types are built, by the phrase", "/410", Expected(410, PLAIN, members={"type": "https://example.com/410/gone"})),
    ("types that are given stay", "/credit", Expected(402, PLAIN, members={"type": _TYPE})),
    ("a type that is given to one problem stays", "/own", Expected(409, PLAIN, members={"type": "urn:own"})),
    ("XML has its own name as well", ask("/410", accept="application/xml"), Expected(410, "application/xml")),
    ("an XMLHttpRequest is nothing special", ask("/web/410", **XHR), page(410, "web")),
)

CASES: tuple[Case, ...] = tuple(
    Case(name, application, ask(asked) if isinstance(asked, str) else asked, expected)
    for application, rows in (
        (OWNERSHIP, OWNERSHIP_ROWS),
        (PRECEDENCE, PRECEDENCE_ROWS),
        (ANSWERS, ANSWERS_ROWS),
        (NEGOTIATION, NEGOTIATION_ROWS),
        (HEADERS, HEADERS_ROWS),
        (FAILURES, FAILURES_ROWS),
        (SETTINGS, SETTINGS_ROWS),
    )
    for name, asked, expected in rows
)
"""Every case."""
