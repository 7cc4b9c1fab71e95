"""The cases: applications, the questions to each of them, and what errbridge promises to answer.

Nothing here is computed from the implementation. Where a framework may decide, nothing is expected.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from errbridge.incident import Page, Reply
from errbridge.problem.problem import Problem
from errbridge.scopes.scope import Scope
from errbridge.testing.conformance.description import (
    Abort,
    Application,
    Area,
    Case,
    Expected,
    Fail,
    Group,
    On,
    Question,
    Raise,
    Return,
    Route,
)

__all__ = ["CASES"]

DOCUMENT, XML = "application/problem+json", "application/problem+xml"
PAGE, TEXT = "text/html", "text/plain"

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
AXIOS = "application/json, text/plain, */*"

Row = tuple[str, Question, Expected]


class Sold(Exception):
    """An exception of the domain, which knows nothing of HTTP."""


class SoldTwice(Sold):
    """A more special one."""


class OutOfCredit(Problem, status=402, title="Out of credit", type="https://example.com/out-of-credit"):
    """A problem type with members of its own."""

    balance: int


def ask(path: str, method: str = "GET", *, host: str = "localhost", **headers: str) -> Question:
    """Ask; a header is written as a keyword: ``x_requested_with="..."``."""
    return Question(path, method, {name.replace("_", "-").title(): value for name, value in headers.items()}, host)


def problem(status: int, **members: Any) -> Raise:
    """Raise a problem."""
    return Raise(partial(Problem, status, **members))


def reply(words: str, status: int | None = None, **headers: str) -> Return:
    """Return a reply that names the handler in its text; a header is written as a keyword."""
    return Return(Reply(words, status, {name.replace("_", "-"): value for name, value in headers.items()}))


def document(status: int, owner: str = "app", **members: Any) -> Expected:
    """Expect a problem document that has these members among others."""
    return Expected(status, DOCUMENT, owner, members=members)


def page(status: int, owner: str = "app", has: str = "") -> Expected:
    """Expect a page that has a text."""
    return Expected(status, PAGE, owner, has=has)


def text(status: int, body: str, owner: str = "app") -> Expected:
    """Expect a text, as a handler returned it."""
    return Expected(status, TEXT, owner, body=body)


CRASH = Raise(partial(Fail, "a secret"))
FINE = Return("fine")


# Who owns an error.

OWNERSHIP = Application(
    "ownership",
    routes=(
        Route("/crash", CRASH),
        Route("/only-put", FINE, ("PUT",)),
        Route("/api/foreign", CRASH),
    ),
    groups=(
        Group("api", "/api", (Route("/item/<int:number>", FINE, ("PUT",)), Route("/crash", CRASH)), style="api"),
        Group("web", "/web", (Route("/crash", CRASH),), style="web"),
        Group("free", None, (Route("/free", CRASH),), style="api"),
        Group(
            "outer",
            "/outer",
            style="api",
            nested=(Group("inner", "/inner", (Route("/crash", CRASH),), style="web"), Group("bare")),
        ),
        Group("user", "/users/<int:number>", (Route("/crash", CRASH),), style="api"),
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


def _missing(path: str, owner: str, media_type: str, host: str = "localhost") -> Row:
    """Ask for a URL that does not exist."""
    where = path if host == "localhost" else f"//{host}{path}"
    return f"{where} belongs to {owner}", ask(path, host=host), Expected(404, media_type, owner)


OWNERSHIP_ROWS: tuple[Row, ...] = (
    _missing("/nope", "app", PAGE),
    _missing("/api/nope", "api", DOCUMENT),
    _missing("/api", "api", DOCUMENT),
    _missing("/api/", "api", DOCUMENT),
    _missing("/api/item/x", "api", DOCUMENT),
    _missing("/apiary", "app", PAGE),
    _missing("/API/nope", "app", PAGE),
    _missing("/other/api/nope", "app", PAGE),
    _missing("/web/nope", "web", PAGE),
    _missing("/free/nope", "app", PAGE),
    _missing("/outer/nope", "outer", DOCUMENT),
    _missing("/outer/inner/nope", "outer.inner", PAGE),
    _missing("/outer/inner/deep/nope", "outer.inner", PAGE),
    _missing("/outer/innermost", "outer", DOCUMENT),
    _missing("/users/7/nope", "user", DOCUMENT),
    _missing("/users/me/nope", "me", PAGE),
    _missing("/users/ann/nope", "named", DOCUMENT),
    _missing("/users", "app", PAGE),
    _missing("/v2/nope", "/v2", DOCUMENT),
    _missing("/v2/site/nope", "/v2/site", PAGE),
    _missing("/nope", "//api.example.com/", DOCUMENT, "api.example.com"),
    _missing("/nope", "//api.example.com/", DOCUMENT, "API.Example.COM:8443"),
    _missing("/pages/nope", "//api.example.com/pages", PAGE, "api.example.com"),
    _missing("/web/nope", "//api.example.com/", DOCUMENT, "api.example.com"),
    _missing("/nope", "//*.example.com/", PAGE, "shop.example.com"),
    _missing("/api/nope", "//*.example.com/", PAGE, "a.b.example.com"),
    _missing("/nope", "//*.eu.example.com/", DOCUMENT, "shop.eu.example.com"),
    _missing("/nope", "app", PAGE, "example.com"),
    _missing("/nope", "app", PAGE, "notexample.com"),
    _missing("/nope", "//<tenant>.example.org/", DOCUMENT, "acme.example.org"),
    _missing("/nope", "app", PAGE, "a.acme.example.org"),
    ("a view's error belongs to its group", ask("/api/crash"), document(500, "api")),
    ("a nested group comes before the one around it", ask("/outer/inner/crash"), page(500, "outer.inner")),
    ("a group without a prefix owns its views", ask("/free"), document(500, "free")),
    ("a view under a group's prefix is in its URL space", ask("/api/foreign"), document(500, "api")),
    ("a group with a dynamic prefix owns its views", ask("/users/7/crash"), document(500, "user")),
    ("the application owns what is left", ask("/crash"), page(500, "app")),
    (
        "a wrong method belongs to the group of the route",
        ask("/api/item/3", "DELETE"),
        Expected(405, DOCUMENT, "api", lists={"Allow": "PUT"}),
    ),
    (
        "a wrong method elsewhere belongs to the application",
        ask("/only-put", "DELETE"),
        Expected(405, PAGE, "app", lists={"Allow": "PUT"}),
    ),
)


# Which handler answers.

PRECEDENCE = Application(
    "precedence",
    style="api",
    routes=(
        Route("/sold", Raise(Sold)),
        Route("/crash", CRASH),
        Route("/teapot", problem(418)),
        Route("/gone", problem(410)),
        Route("/late", problem(503)),
        Route("/credit", Raise(partial(OutOfCredit, balance=3))),
        Route("/conflict", problem(409)),
        Route("/locked", problem(423)),
    ),
    groups=(
        Group(
            "shop",
            "/shop",
            (
                Route("/sold", Raise(Sold)),
                Route("/sold-twice", Raise(SoldTwice)),
                Route("/index", Raise(partial(IndexError, "a secret"))),
                Route("/conflict", problem(409)),
                Route("/gone", problem(410)),
                Route("/crash", CRASH),
                Route("/late", problem(503)),
            ),
            style="web",
            handlers=(
                On(LookupError, reply("shop lookup", 400)),
                On(409, reply("shop 409")),
                On("4xx", reply("shop 4xx")),
            ),
        ),
        Group(
            "all",
            "/all",
            (
                Route("/crash", CRASH),
                Route("/sold", Raise(Sold)),
                Route("/teapot", problem(418)),
                Route("/index", Raise(partial(IndexError, "a secret"))),
            ),
            handlers=(On(None, reply("all")),),
        ),
        Group(
            "passing",
            "/passing",
            (
                Route("/teapot", problem(418)),
                Route("/conflict", problem(409)),
                Route("/sold", Raise(Sold)),
                Route("/gone", problem(410)),
            ),
            style="web",
            handlers=(
                On(418, Return(None)),
                On("4xx", Return(None)),
                On(Sold, Return(None)),
                On(None, Return(None)),
                On(410, Return(None)),
            ),
        ),
        Group("several", "/several", (Route("/gone", problem(410)),), handlers=(On((404, 410), reply("several")),)),
        Group("plain", "/plain", (Route("/crash", CRASH), Route("/gone", problem(410))), style="api", failure=True),
    ),
    handlers=(
        On(404, reply("first 404")),
        On(404, reply("app 404")),
        On("4xx", reply("app 4xx")),
        On("5xx", reply("app 5xx")),
        On(418, reply("app 418")),
        On(OutOfCredit, reply("app OutOfCredit")),
        On(402, reply("app 402")),
        On(Sold, Return(Problem(410, detail="It is sold."))),
        On(IndexError, reply("app index", 400)),
        On(423, Raise(partial(Problem, 451, detail="Told otherwise."))),
    ),
)

PRECEDENCE_ROWS: tuple[Row, ...] = (
    ("the last handler of a key counts", ask("/nope"), text(404, "app 404")),
    ("a status comes before its class", ask("/teapot"), text(418, "app 418")),
    ("a class of codes", ask("/conflict"), text(409, "app 4xx")),
    ("a class of server errors", ask("/late"), text(503, "app 5xx")),
    ("an uncaught exception is a 500", ask("/crash"), text(500, "app 5xx")),
    ("an exception class comes before its status", ask("/credit"), text(402, "app OutOfCredit")),
    ("a domain exception is the problem it means", ask("/sold"), document(410, detail="It is sold.")),
    ("a domain exception looks like the scope it happened in", ask("/shop/sold"), page(410, "shop", "It is sold.")),
    ("a base class answers for its subclass", ask("/shop/sold-twice"), page(410, "shop", "It is sold.")),
    (
        "a base class in the nearest scope comes before the class itself in a farther one",
        ask("/shop/index"),
        text(400, "shop lookup", "shop"),
    ),
    ("the nearest scope comes first", ask("/shop/conflict"), text(409, "shop 409", "shop")),
    ("its class of codes comes before its style", ask("/shop/gone"), text(410, "shop 4xx", "shop")),
    ("its style comes before a farther handler", ask("/shop/late"), page(503, "shop")),
    ("its style answers an uncaught exception", ask("/shop/crash"), page(500, "shop")),
    ("a catch-all gets an uncaught exception", ask("/all/crash"), text(500, "all", "all")),
    ("a catch-all gets HTTP errors", ask("/all/teapot"), text(418, "all", "all")),
    ("a catch-all gets errors of routing", ask("/all/nope"), text(404, "all", "all")),
    (
        "a catch-all waits until the whole chain was asked for the class",
        ask("/all/sold"),
        document(410, "all", detail="It is sold."),
    ),
    (
        "so does a farther handler of the class win over a nearer catch-all",
        ask("/all/index"),
        text(400, "app index", "all"),
    ),
    ("None passes an error on to the style of the scope", ask("/passing/conflict"), page(409, "passing")),
    ("None from every candidate leads to the style", ask("/passing/teapot"), page(418, "passing")),
    ("None passes a domain exception on to the next scope", ask("/passing/sold"), page(410, "passing", "It is sold.")),
    ("one handler for several keys", ask("/several/gone"), text(410, "several", "several")),
    ("one handler for several keys, routing", ask("/several/nope"), text(404, "several", "several")),
    ("a failure page is for uncaught exceptions", ask("/plain/crash"), page(500, "plain")),
    ("and for nothing else", ask("/plain/gone"), document(410, "plain")),
    ("what a handler raises is what it means", ask("/locked"), document(451, detail="Told otherwise.")),
)


# What a handler may return, and in which colour.

ANSWERS = Application(
    "answers",
    style="api",
    routes=tuple(Route(f"/{status}", problem(status)) for status in range(400, 419)),
    handlers=(
        On(400, Return("words")),
        On(401, Return(("words", 418))),
        On(402, Return(("words", 419, {"X-Own": "yes"}))),
        On(403, Return(("words", {"X-Own": "yes"}))),
        On(405, Return({"own": [1, 2]})),
        On(406, reply("words", 410, X_Own="yes")),
        On(407, Return(Reply(b"\x00\x01"))),
        On(408, Return(Reply("<p>words", headers={"Content-Type": "text/html; charset=utf-8", "Cache-Control": "x"}))),
        On(409, Return(Problem(410, detail="Meant.", own=1)), "async", 2),
        On(410, Return(Problem(503, detail="Meant.")), "awaitable"),
        On(411, reply("async"), "async"),
        On(412, reply("object"), "object"),
        On(413, reply("awaitable"), "awaitable", 2),
        On(414, reply("with the incident"), "sync", 2),
        On(415, Abort(404, "Aborted."), "async"),
        On(416, Return(("words", None, {"X-Own": "yes"}))),
        On(417, reply("bad header", X_Own="a\r\nX-Evil: b")),
    ),
)

ANSWERS_ROWS: tuple[Row, ...] = (
    ("a text keeps the status of the error", ask("/400"), Expected(400, body="words")),
    ("a tuple may have a status", ask("/401"), Expected(418, body="words")),
    ("a tuple may have headers, too", ask("/402"), Expected(419, body="words", headers={"X-Own": "yes"})),
    ("headers alone keep the status", ask("/403"), Expected(403, body="words", headers={"X-Own": "yes"})),
    ("None as status keeps it", ask("/416"), Expected(416, body="words", headers={"X-Own": "yes"})),
    ("a dict is JSON, with the status of the error", ask("/405"), Expected(405, "application/json", has='"own"')),
    ("a reply decides about every byte", ask("/406"), Expected(410, TEXT, body="words", headers={"X-Own": "yes"})),
    ("a reply of bytes", ask("/407"), Expected(407, "application/octet-stream", body="\x00\x01")),
    ("a reply's own headers win", ask("/408"), Expected(408, PAGE, body="<p>words", headers={"Cache-Control": "x"})),
    ("a problem is shown as its scope shows it", ask("/409"), document(410, detail="Meant.", own=1, title="Gone")),
    ("a problem's status decides about the headers", ask("/410"), document(503, detail="Meant.")),
    ("a coroutine function is awaited", ask("/411"), text(411, "async")),
    ("an object with an async call is awaited", ask("/412"), text(412, "object")),
    ("what a plain function returns is awaited", ask("/413"), text(413, "awaitable")),
    ("a handler may take the incident", ask("/414"), text(414, "with the incident")),
    ("a handler may abort", ask("/415"), document(404, detail="Aborted.")),
    ("no handler splits a header", ask("/417"), Expected(417, TEXT, headers={"X-Evil": None})),
    ("no handler is asked where none is registered", ask("/418"), document(418)),
)


# In which form.

NEGOTIATION = Application(
    "negotiation",
    groups=(
        Group("api", "/api", (Route("/sold", problem(409, detail="It is sold.")),), style="api"),
        Group("web", "/web", (Route("/sold", problem(409, detail="It is sold.")),), style="web"),
        Group("plain", "/plain", (Route("/sold", problem(409, detail="It is sold.")),), style="default"),
    ),
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
            ask(f"/{style}/sold", accept=accept),
            Expected(409, media_type, style, has="It is sold.", lists={"Vary": "Accept"}),
        )
        for accept, *answered in _ACCEPTED
        for style, media_type in zip(("api", "web", "plain"), answered, strict=True)
    ),
    ("no Accept at all", ask("/api/sold"), Expected(409, DOCUMENT, "api", has="It is sold.")),
    (
        "a website answers an XMLHttpRequest with a document",
        ask("/web/sold", accept="*/*", x_requested_with="XMLHttpRequest"),
        Expected(409, DOCUMENT, "web", lists={"Vary": "X-Requested-With"}),
    ),
)


# Headers, members and methods.

HEADERS = Application(
    "headers",
    style="api",
    routes=(
        Route("/later", problem(429, headers={"Retry-After": "30"})),
        Route("/at-once", problem(503, headers={"Retry-After": "0"})),
        Route("/login", problem(401, headers=[("WWW-Authenticate", "Basic"), ("WWW-Authenticate", "Bearer")])),
        Route("/range", problem(416, headers={"Content-Range": "bytes */1234"})),
        Route("/split", problem(400, headers={"X-Own": "a\r\nX-Evil: b", "X-Nul": "a\0b"})),
        Route("/cached", problem(503, headers={"Cache-Control": "max-age=3"})),
        Route("/members", problem(409, sku="a-1", nothing=None, many=[1, {"two": 2}], trace_id="own")),
        Route("/typed", Raise(partial(OutOfCredit, balance=3, detail="You have 3."))),
        Route("/instance", problem(409, instance="/orders/3")),
        Route("/odd", problem(499)),
        Route("/odder", problem(599)),
        Route("/text", problem(400, detail="<b>&\u2028\ud800</b>")),
        Route("/abort", Abort(404, "Aborted.")),
        Route("/group", Raise(partial(ExceptionGroup, "several", [Problem(404), Problem(409, detail="Worse.")]))),
        Route("/mixed", Raise(partial(ExceptionGroup, "several", [Problem(404), Fail("a secret")]))),
        Route("/crash", CRASH),
    ),
)

_TRACE = "0af7651916cd43dd8448eb211c80319c"
_PARENT = f"00-{_TRACE}-b7ad6b7169203331-01"
_NO_PARENT = f"00-{'0' * 32}-b7ad6b7169203331-01"

HEADERS_ROWS: tuple[Row, ...] = (
    (
        "when to try again",
        ask("/later"),
        Expected(429, DOCUMENT, members={"retry_after": 30}, headers={"Retry-After": "30"}),
    ),
    ("at once", ask("/at-once"), Expected(503, DOCUMENT, members={"retry_after": 0}, headers={"Retry-After": "0"})),
    (
        "every way to authenticate",
        ask("/login"),
        Expected(401, DOCUMENT, members={"authenticate": ["Basic", "Bearer"]}, lists={"WWW-Authenticate": "Bearer"}),
    ),
    (
        "which ranges there are",
        ask("/range"),
        Expected(416, DOCUMENT, members={"units": "bytes", "length": 1234}, headers={"Content-Range": "bytes */1234"}),
    ),
    ("no header is split", ask("/split"), Expected(400, DOCUMENT, headers={"X-Evil": None})),
    ("an own Cache-Control", ask("/cached"), Expected(503, DOCUMENT, headers={"Cache-Control": "max-age=3"})),
    (
        "extension members of any value",
        ask("/members"),
        document(409, sku="a-1", nothing=None, many=[1, {"two": 2}], trace_id="own"),
    ),
    (
        "a problem type",
        ask("/typed"),
        document(402, type="https://example.com/out-of-credit", title="Out of credit", detail="You have 3.", balance=3),
    ),
    ("an own instance", ask("/instance"), document(409, instance="/orders/3")),
    ("a status without a phrase", ask("/odd"), document(499, type="about:blank")),
    ("another one", ask("/odder"), document(599)),
    ("a detail that no encoding can hold", ask("/text"), document(400)),
    ("the framework's own exception", ask("/abort"), document(404, detail="Aborted.")),
    ("a group of HTTP errors is the most severe of them", ask("/group"), document(409, detail="Worse.")),
    ("a group with a bug is a bug", ask("/mixed"), document(500, detail="Unhandled Exception")),
    (
        "nothing of an uncaught exception is shown",
        ask("/crash"),
        document(500, type="about:blank", title="Internal Server Error", detail="Unhandled Exception"),
    ),
    ("nor in XML", ask("/crash", accept="application/xml"), Expected(500, XML, has="Unhandled Exception")),
    ("nor where a browser asks an API", ask("/crash", accept=BROWSER), document(500)),
    ("nor as text", ask("/crash", accept="text/plain"), Expected(500, TEXT, has="Unhandled Exception")),
    (
        "HEAD has the headers of GET",
        ask("/later", "HEAD"),
        Expected(429, DOCUMENT, headers={"Retry-After": "30", "X-Content-Type-Options": "nosniff"}),
    ),
    ("HEAD of what is not there", ask("/nope", "HEAD"), document(404)),
    ("the trace of the request", ask("/later", traceparent=_PARENT), document(429, trace_id=_TRACE)),
    ("a trace that is none", ask("/later", traceparent=_NO_PARENT), document(429, trace_id=None)),
    ("a problem's own trace", ask("/members", traceparent=_PARENT), document(409, trace_id="own")),
)


# When answering fails.


class _Unsendable:
    """No framework makes a response of this."""


_WORSE = Raise(partial(Fail, "another secret"))

FAILURES = Application(
    "failures",
    style="api",
    routes=(
        *(Route(f"/{status}", problem(status, detail="Said.")) for status in range(400, 411)),
        Route("/crash", CRASH),
        Route("/sold", Raise(Sold)),
    ),
    groups=(
        Group("web", "/web", (Route("/409", problem(409, detail="Said.")),), style="web", handlers=(On(409, _WORSE),)),
    ),
    handlers=(
        On(400, _WORSE),
        On(401, Return(_Unsendable())),
        On(402, Return(Page("no/such/template.html"))),
        On(403, Return(("words", 99))),
        On(405, _WORSE, "async", 2),
        On(406, Return(Reply("words", headers={"": "x", "X-Own": "ok"}))),
        On(407, Raise(StopIteration)),
        On(408, Return(ValueError("a secret"))),
        On("5xx", _WORSE),
        On(Sold, _WORSE),
    ),
)


def _fallen(status: int, media_type: str = DOCUMENT, owner: str = "app", **expected: Any) -> Expected:
    """Expect the built-in answer with the status of the error, and the failure in the log."""
    return Expected(status, media_type, owner, level="ERROR", **expected)


FAILURES_ROWS: tuple[Row, ...] = (
    *(
        (words, ask(f"/{status}"), _fallen(status, members={"detail": "Said."}))
        for status, words in (
            (400, "a handler that fails"),
            (401, "a handler that returns what is no answer"),
            (402, "a page whose template does not exist"),
            (403, "a status that HTTP does not have"),
            (405, "an async handler that fails"),
            (407, "a handler that raises StopIteration"),
            (408, "a handler that returns a bug"),
        )
    ),
    ("in another style", ask("/web/409"), _fallen(409, PAGE, "web", has="Said.")),
    ("as another media type", ask("/400", accept="text/plain"), _fallen(400, TEXT, has="Said.")),
    ("for HEAD", ask("/400", "HEAD"), _fallen(400)),
    (
        "a handler of uncaught exceptions that fails",
        ask("/crash"),
        _fallen(500, members={"detail": "Unhandled Exception"}),
    ),
    (
        "a handler of a class that fails makes an uncaught exception of it",
        ask("/sold"),
        _fallen(500, members={"detail": "Unhandled Exception"}),
    ),
    ("a header without a name is left out", ask("/406"), Expected(406, TEXT, body="words", headers={"X-Own": "ok"})),
    ("the others are answered as if nothing were wrong", ask("/410"), document(410, detail="Said.")),
)


# Settings.

SETTINGS = Application(
    "settings",
    routes=(
        Route("/crash", CRASH),
        Route("/gone", problem(410)),
        Route("/credit", Raise(partial(OutOfCredit, balance=3))),
        Route("/own", problem(409, type="urn:own")),
    ),
    groups=(Group("web", "/web", (Route("/gone", problem(410)),), style="web"),),
    config={
        "ERROR_DEFAULT_MSG": "Something broke.",
        "ERROR_TYPE_URI": "https://example.com/problems/{status}/{slug}",
        "ERROR_HANDLER": "api",
        "ERROR_FORCE_CONTENT_TYPE": False,
        "ERROR_XHR_ENABLED": False,
    },
)

SETTINGS_ROWS: tuple[Row, ...] = (
    (
        "the words for an uncaught exception",
        ask("/crash"),
        Expected(500, "application/json", members={"detail": "Something broke."}),
    ),
    (
        "types are built, by the phrase",
        ask("/gone"),
        Expected(410, "application/json", members={"type": "https://example.com/problems/410/gone"}),
    ),
    (
        "types that are given stay",
        ask("/credit"),
        Expected(402, "application/json", members={"type": "https://example.com/out-of-credit"}),
    ),
    ("a type that is given to one problem stays", ask("/own"), Expected(409, members={"type": "urn:own"})),
    ("XML has its own name as well", ask("/gone", accept="application/xml"), Expected(410, "application/xml")),
    (
        "an XMLHttpRequest is nothing special",
        ask("/web/gone", accept="*/*", x_requested_with="XMLHttpRequest"),
        page(410, "web"),
    ),
)

CASES: tuple[Case, ...] = tuple(
    Case(name, application, question, expected)
    for application, rows in (
        (OWNERSHIP, OWNERSHIP_ROWS),
        (PRECEDENCE, PRECEDENCE_ROWS),
        (ANSWERS, ANSWERS_ROWS),
        (NEGOTIATION, NEGOTIATION_ROWS),
        (HEADERS, HEADERS_ROWS),
        (FAILURES, FAILURES_ROWS),
        (SETTINGS, SETTINGS_ROWS),
    )
    for name, question, expected in rows
)
"""Every case."""
