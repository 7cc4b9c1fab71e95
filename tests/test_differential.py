"""Random trees of blueprints, scopes and handlers, asked at random: the frameworks agree, and so does an oracle.

The oracle knows nothing of tries, chains or plans. It takes the effective prefixes as text, compares them with the path
segment by segment, and sorts what fits.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from errbridge import Problem, Reply
from tests.clients import Request, call_asgi, call_wsgi
from tests.twins import Twins, World
from tests.versions import DUPLICATE_RULE

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("ERRBRIDGE_DIFFERENTIAL_EXAMPLES", "600"))

SEGMENTS = ("x", "y", "1", "<int:n>", "<word>", "<any(x, y):choice>")
KEYS: tuple[Any, ...] = (404, 405, 409, 500, "4xx", "5xx", "*", LookupError, KeyError, Problem)
NATIVE_KEYS: tuple[Any, ...] = (404, 405, 500, Exception, KeyError, LookupError)
VIEWS = ("abort", "key", "problem", "crash")
ANSWERS = ("reply", "pass", "problem", "text", "fail")


@dataclass(frozen=True)
class Owner:
    """What is registered for one blueprint, for a prefix, or for the application."""

    handlers: tuple[tuple[Any, str], ...] = ()
    native: tuple[Any, ...] = ()
    style: str | None = None


@dataclass(frozen=True)
class Branch:
    """A blueprint, where it is registered, and what is nested in it."""

    name: str
    declared: str | None
    registered: str | None
    owner: Owner
    views: tuple[str, ...]
    nested: tuple[Branch, ...] = ()

    def prefixes(self, around: str | None = None, path: str = "") -> Iterator[tuple[str, str]]:
        """Return the dotted name and the effective prefix of every blueprint that has one."""
        own = self.declared if self.registered is None else self.registered
        prefix = own if around is None else around if own is None else around.rstrip("/") + own
        name = f"{path}.{self.name}".lstrip(".")
        if prefix:
            yield name, prefix
        for branch in self.nested:
            yield from branch.prefixes(prefix, name)


@dataclass(frozen=True)
class Site:
    branches: tuple[Branch, ...]
    scopes: tuple[tuple[str, Owner], ...]
    app: Owner
    dispatcher: str


prefixes = st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))
owners = st.builds(
    Owner,
    st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(ANSWERS)), max_size=3).map(tuple),
    st.lists(st.sampled_from(NATIVE_KEYS), max_size=1).map(tuple),
    st.sampled_from([None, None, "api", "web", "failure"]),
)


def unique_variables(branch: Branch) -> Branch:
    """Number the variables of prefixes: Werkzeug refuses a name that a rule uses twice."""
    counter = iter(range(1000))

    def numbered(prefix: str | None) -> str | None:
        return prefix and re.sub(r"(n|word|choice)>", lambda found: f"{found[1]}{next(counter)}>", prefix)

    def walk(branch: Branch) -> Branch:
        nested = tuple(walk(child) for child in branch.nested)
        declared, registered = numbered(branch.declared), numbered(branch.registered)
        return Branch(branch.name, declared, registered, branch.owner, branch.views, nested)

    return walk(branch)


def branches(names: str, nested: st.SearchStrategy[tuple[Branch, ...]]) -> st.SearchStrategy[Branch]:
    return st.builds(
        Branch,
        st.sampled_from(names),
        st.none() | prefixes,
        st.none() | prefixes,
        owners,
        st.lists(st.sampled_from(VIEWS), max_size=2, unique=True).map(tuple),
        nested,
    )


def several(one: st.SearchStrategy[Branch], most: int) -> st.SearchStrategy[tuple[Branch, ...]]:
    return st.lists(one, max_size=most, unique_by=lambda branch: branch.name).map(tuple)


leaves = several(branches("pq", st.just(())), 2)
sites = st.builds(
    Site,
    several(branches("abcd", leaves).map(unique_variables), 4),
    st.lists(st.tuples(prefixes.map(lambda p: re.sub(r"<any.*?>", "z", p)), owners), max_size=2).map(tuple),
    owners,
    st.sampled_from(["auto", "auto", "urlprefix", "default"]),
)
requests = st.builds(
    Request,
    st.lists(st.sampled_from(["x", "y", "z", "1", "23", "", "abort", "key", "problem", "crash"]), max_size=4).map(
        lambda parts: "/" + "/".join(parts)
    ),
    st.sampled_from(["GET", "GET", "GET", "POST", "HEAD"]),
    st.sampled_from([(), (("Accept", "application/json"),), (("Accept", "text/plain"),)]),
)


def handler(name: str, key: Any, answer: str) -> Callable[[Exception], Any]:
    """Make a handler that answers with who it is."""
    label = f"{name} for {getattr(key, '__name__', key)}"

    def fail(exc: Exception) -> Any:
        raise RuntimeError(label)

    return {
        "reply": lambda exc: Reply(label),
        "pass": lambda exc: None,
        "problem": lambda exc: Problem(410, detail=label),
        "text": lambda exc: label,
        "fail": fail,
    }[answer]


def view(world: World, kind: str) -> Callable[..., Any]:
    def act(**values: Any) -> Any:
        if kind == "abort":
            world.abort(404, description="aborted")
        raise {"key": KeyError("k"), "problem": Problem(409, sku=1), "crash": RuntimeError("secret")}[kind]

    return act


def equip(world: World, target: Any, name: str, owner: Owner) -> None:
    for key, answer in owner.handlers:
        world.errors.register(target, code=key)(handler(name, key, answer))
    if owner.style is not None:
        getattr(world.errors, f"{owner.style}_register")(target)


def an_app_of(site: Site) -> Callable[[World], None]:
    def add(world: World, parent: Any, branch: Branch) -> None:
        blueprint = world.Blueprint(branch.name, __name__, url_prefix=branch.declared)
        equip(world, blueprint, f"blueprint {branch.name}", branch.owner)
        for key in branch.owner.native:
            label = f"native {branch.name}"
            blueprint.register_error_handler(key, lambda exc, label=label: (label, 418))
        for kind in branch.views:
            blueprint.add_url_rule(f"/{kind}", kind, view(world, kind), methods=["GET"])
        for nested in branch.nested:
            add(world, blueprint, nested)
        options = {} if branch.registered is None else {"url_prefix": branch.registered}
        parent.register_blueprint(blueprint, **options)

    def set_up(world: World) -> None:
        assert world.errors is not None
        for key in site.app.native:
            world.app.register_error_handler(key, lambda exc: ("native app", 418))
        equip(world, world.app, "app", site.app)
        for prefix, owner in site.scopes:
            equip(world, prefix, f"scope {prefix}", owner)
        for branch in site.branches:
            add(world, world.app, branch)

    return set_up


# The oracle.

VARIABLES = {"int": (50, re.compile(r"\d+")), "word": (100, re.compile(r"[^/]+")), "any": (100, re.compile("x|y"))}


def segment_kind(segment: str) -> str | None:
    return next((kind for kind in VARIABLES if segment.startswith("<") and kind in segment), None)


def fits(prefix: str, path: str) -> bool:
    wanted, given = prefix.split("/")[1:], path.split("/")[1:]
    return len(wanted) <= len(given) and all(
        VARIABLES[kind][1].fullmatch(segment) if (kind := segment_kind(pattern)) else pattern == segment
        for pattern, segment in zip(wanted, given, strict=False)
    )


def specificity(prefix: str) -> tuple[int, list[tuple[int, int, str]]]:
    segments = prefix.split("/")[1:]
    kinds = [segment_kind(segment) for segment in segments]
    # Where two variables weigh the same, their regular expressions decide: that of any(x, y) sorts before [^/]+.
    order = {"int": "", "any": "a", "word": "b"}
    ranks = [(1, VARIABLES[kind][0], order[kind]) if kind else (0, 0, "") for kind in kinds]
    return -len(segments), ranks


def owner_of(site: Site, path: str) -> str:
    """Say who owns a URL without a route."""
    if site.dispatcher == "default":
        return "app"
    found = [(specificity(prefix), 0, name) for branch in site.branches for name, prefix in branch.prefixes() if fits(prefix, path)]  # fmt: skip # noqa: E501
    known = {prefix for prefix, owner in site.scopes if owner.handlers or owner.style}
    found += [(specificity(prefix), 1, prefix) for prefix in known if fits(prefix, path)]
    return min(found)[2] if found else "app"


@contextmanager
def recorded() -> Iterator[list[logging.LogRecord]]:
    """Collect what errbridge logs."""
    records: list[logging.LogRecord] = []
    collector = logging.Handler()
    collector.emit = records.append  # type: ignore[method-assign, assignment]
    log = logging.getLogger("errbridge")
    before = log.level, log.propagate
    log.addHandler(collector)
    log.setLevel(logging.DEBUG)
    log.propagate = False
    try:
        yield records
    finally:
        log.removeHandler(collector)
        log.level, log.propagate = before
        log.setLevel(before[0])


@given(sites, st.lists(requests, min_size=1, max_size=4))
@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
def test_flask_and_quart_agree_and_a_missing_url_belongs_to_whom_brute_force_says(
    site: Site, asked: list[Request]
) -> None:
    try:
        twins = Twins.built(
            an_app_of(site), options={"dispatcher": site.dispatcher}, app_options={"static_folder": None}
        )
    except DUPLICATE_RULE:
        reject()
    for world in twins.worlds:
        world.app.logger.disabled = True

    async def from_quart() -> list[Any]:
        return [await call_asgi(twins.quart.app, request) for request in asked]

    with recorded() as records:
        of_flask = [call_wsgi(twins.flask.app, request) for request in asked]
        said_of_flask = list(map(summary, records))
        records.clear()
        of_quart = asyncio.run(from_quart())
        said_of_quart = list(map(summary, records))

    for request, first, second in zip(asked, of_flask, of_quart, strict=True):
        # What a native handler answers to HEAD is the frameworks' own; the server of Quart drops the body.
        compared = slice(0, 2) if request.method == "HEAD" else slice(None)
        assert first.comparable()[compared] == second.comparable()[compared], request
        assert b"secret" not in first.body
    assert said_of_flask == said_of_quart

    adapter = twins.flask.app.url_map.bind("localhost")
    paths = ["/" + request.path.lstrip("/") for request in asked]  # as Werkzeug gives them to both
    missing = [path for path in paths if not adapter.allowed_methods(path)]
    owners_logged = {path: scope for path, scope in said_of_flask if path in missing}
    assert owners_logged == {path: owner_of(site, path) for path in missing if path in owners_logged}
    assert set(owners_logged) == set(missing)


def summary(record: Any) -> tuple[str, str]:
    return record.path, record.scope
