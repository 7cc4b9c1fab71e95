"""Every contender of the benchmarks does the work that it is measured for, so that its figure can be compared."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import bridge, instructions, parts, report, servers
from benchmarks.areas import (
    bridge_requests,
    dispatch,
    flask_requests,
    imports,
    kept,
    negotiation,
    peers,
    quart_requests,
    rendering,
)
from benchmarks.areas.kinds import BARE, ERRBRIDGE, IN_GERMAN, LANGUAGES, logging_to_nowhere
from benchmarks.goals import GOALS, MISSED, REACHED, UNDECIDED, Goal, judged
from benchmarks.measure import Case, Effort, Group, Result, check, measure, noise
from benchmarks.references import MergedTable
from benchmarks.slow import SLOW
from errbridge import Scope
from errbridge.scopes.trie import ScopeTrie
from tests.clients import Request, call_asgi

pytestmark = pytest.mark.slow

SIZES = (10, 100)
GROUPS = {
    (group.area, group.name): group
    for groups in (
        dispatch.groups(SIZES),
        rendering.groups(),
        negotiation.groups(),
        flask_requests.groups(many=False),
        quart_requests.groups(),
        bridge_requests.groups(),
    )
    for group in groups
}


@pytest.mark.parametrize("name", GROUPS, ids=" ".join)
def test_each_contender_answers_what_it_should(name: tuple[str, str]) -> None:
    with logging_to_nowhere():
        check(GROUPS[name])


@pytest.mark.filterwarnings("ignore")
def test_the_peers_answer_what_they_should() -> None:
    with logging_to_nowhere():
        for group in peers.groups():
            check(group)


@pytest.mark.parametrize("name", [name for name in bridge.CONTENDERS if "errbridge" in name])
async def test_with_errbridge_a_server_answers_with_errbridge(name: str) -> None:
    answered = await call_asgi(bridge.application(name), Request("/nowhere", headers=[("Accept", "application/json")]))
    assert (answered.status, answered.content_type) == (404, "application/problem+json")


def test_flask_and_quart_have_the_same_routes_under_servers() -> None:
    flask_rules, quart_rules = (
        {(rule.rule, frozenset(rule.methods)) for rule in app.url_map.iter_rules() if rule.endpoint != "static"}
        for app in (servers.make_flask(), servers.make_quart())
    )
    assert flask_rules == quart_rules


async def test_a_server_is_measured_alone_and_beside_slow_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "NEVER", 60.0)
    row, title = servers.Row(), "Quart alone, Hypercorn"
    with servers.started(next(each for each in servers.CONTENDERS if each.title == title)) as (port, pid):
        await servers.measure(row, port, 0.01)
        row.beside = {kind: await servers.measure_beside(port, kind) for kind in SLOW}
        row.memory = servers.memory_of(pid)
    assert row.memory > 10
    report_lines = list(servers.table({title: row}))
    assert [line.count("|") for line in report_lines if line.startswith(f"| {title}")] == [7, 8]
    assert "never" not in lines(report_lines)


def test_every_goal_is_about_something_that_is_measured() -> None:
    elsewhere = {"hypercorn", imports.AREA, kept.AREA, instructions.AREA}
    for goal in GOALS:
        if goal.area in elsewhere:
            continue
        cases = {case.name for case in GROUPS[goal.area, goal.group].cases}
        cases |= {
            dispatch.named(name, size) for name in (dispatch.ERRBRIDGE, dispatch.MERGED) for size in dispatch.SIZES
        }
        cases.add(flask_requests.MANY)
        assert {goal.case, goal.reference or goal.case} <= cases, goal


prefixes = st.lists(
    st.lists(st.sampled_from(["a", "b", "c", "<x>"]), min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts)),
    max_size=8,
    unique=True,
)
paths = st.lists(st.sampled_from(["a", "b", "d"]), max_size=5).map(lambda parts: "/" + "/".join(parts))


@given(prefixes, paths)
def test_the_reference_finds_an_owner_as_deep_as_errbridge_does(given_prefixes: list[str], path: str) -> None:
    found = MergedTable(given_prefixes).owner(path)
    owners = ScopeTrie(Scope(prefix=prefix) for prefix in given_prefixes).owners("", path)
    # Of two at one depth the reference may take the other one.
    assert (found or "").count("/") == (owners[0].prefix or "" if owners else "").count("/")
    assert found is None or Scope(prefix=found) in owners


def wrong(found: object) -> None:
    assert found == "right"


def test_what_does_something_else_is_not_measured() -> None:
    with pytest.raises(AssertionError):
        measure(Group("area", "name", [Case("case", lambda: "wrong", wrong)]), Effort(1, 1))


async def later() -> str:
    return "right"


@pytest.mark.parametrize(("call", "is_async"), [(lambda: "right", False), (later, True)])
def test_a_round_measures_each_contender_and_the_reference_twice(call: Any, is_async: bool) -> None:
    group = Group("area", "name", [Case("first", call, wrong), Case("second", call, wrong, units=2)], is_async)
    result = measure(group, Effort(4, 1000))
    assert {name: len(values) for name, values in result.values.items()} == {"first": 4, "second": 4}
    assert len(result.again) == 4
    assert result.versus == {"second": "first"}


def test_a_ratio_is_to_the_mean_of_both_measurements_of_the_reference() -> None:
    result = Result("area", "name", "s", {"first": [1.0, 2.0], "second": [4.0, 4.0]}, [3.0, 2.0], {"second": "first"})
    assert result.ratios("second", "first") == [2.0, 2.0]
    assert result.ratios("first", "second") == [0.25, 0.5]
    assert result.same() == [3.0, 1.0]


def test_noise_is_how_far_the_middle_is_off_and_how_far_it_may_be_by_chance() -> None:
    assert noise([]) == 0
    assert noise([1.0] * 9) == 0
    assert noise([1.1] * 9) == pytest.approx(0.1)
    assert noise([0.8, 1.0, 1.0, 1.2]) == pytest.approx((1.05 - 0.95) / math.sqrt(4))


def results(ratio: float, same: float) -> list[Result]:
    return [Result("area", "name", "s", {"first": [1.0] * 9, "second": [ratio] * 9}, [same] * 9, {"second": "first"})]


@pytest.mark.parametrize(
    ("ratio", "same", "verdict"),
    [(0.9, 1.0, REACHED), (1.1, 1.0, MISSED), (1.0, 1.0, REACHED), (0.99, 1.2, UNDECIDED), (1.3, 1.4, UNDECIDED)],
)
def test_a_goal_within_the_noise_is_undecided(ratio: float, same: float, verdict: str) -> None:
    goal = Goal("a goal", 1.0, "x", "area", "name", "second", "first")
    not_measured = Goal("another", 1.0, "x", "area", "name", "third")
    # A ratio is to the mean of the reference and itself, which explains the factor.
    (found,) = judged(results(ratio * (1 + same) / 2, same), [goal, not_measured])
    assert (found.goal, found.verdict) == (goal, verdict)
    assert found.measured == pytest.approx(ratio)


def lines(of: Iterable[str]) -> str:
    return "\n".join(of)


def test_every_report_names_what_was_measured() -> None:
    found = results(0.5, 1.0)
    verdicts = judged(found, [Goal("a goal", 0.25, "x", "area", "name", "second", "first")])
    about = {**report.circumstances("quick"), "clock": "wall"}
    assert "second" in lines(report.table(found, verdicts))
    assert "MISSED" in lines(report.table(found, verdicts))
    assert "| a goal | 0.25 x | first | 0.5 x | 0.0% | **missed**: [where the time goes](#area) |" in lines(
        report.markdown(found, verdicts, about)
    )
    document = report.as_json(found, verdicts, about)
    assert [figure["ratio"] for figure in document["figures"]] == [None, 0.5]
    assert [goal["verdict"] for goal in document["goals"]] == [MISSED]


def test_a_missed_goal_leads_to_the_table_that_shows_where_the_time_goes() -> None:
    goal = next(goal for goal in GOALS if goal.name == "Flask, crash")
    found = [
        Result(goal.area, goal.group, "s", {BARE: [1.0], ERRBRIDGE: [9.0]}, [1.0], {ERRBRIDGE: BARE}),
        Result("flask-parts", goal.group, "s", {BARE: [1.0]}),
    ]
    written = lines(report.markdown(found, judged(found), {**report.circumstances("quick"), "clock": "wall"}))
    assert f"**missed**: [{goal.cost}](#where-the-time-of-an-error-goes-in-flask)" in written
    assert "### Where the time of an error goes in Flask" in written


def test_a_missed_goal_shows_where_the_cost_is() -> None:
    goals = [Goal("a goal", limit, "x", "area", "name", "second", "first", "two headers") for limit in (0.25, 1.0)]
    missed, reached = list(report.goal_lines(judged(results(0.5, 1.0), goals)))[:2]
    assert ("(two headers)" in missed, "(two headers)" in reached) == (True, False)


@pytest.mark.skipif(not instructions.is_available(), reason="valgrind is not installed")
def test_instructions_of_a_request_are_counted_with_and_without_errbridge() -> None:
    (counted,) = instructions.results(["flask"], ["200"])
    bare, ours = (values[0] for values in counted.values.values())
    assert (counted.name, *counted.values) == ("flask, 200", BARE, ERRBRIDGE)
    assert 100_000 < bare < ours < 1.1 * bare


@pytest.mark.skipif(not instructions.is_available(), reason="valgrind is not installed")
def test_a_request_through_the_bridge_costs_a_sixteenth_more_at_most() -> None:
    (counted,) = instructions.results(["bridge"], ["200"])
    bare, bridged, _ = (values[0] for values in counted.values.values())
    limit = 17 / 16 if sys.version_info[:2] == (3, 11) else 6 / 5  # a newer Quart does less itself
    assert bare < bridged < limit * bare


@pytest.mark.skipif(not instructions.is_available(), reason="valgrind is not installed")
def test_one_of_twelve_languages_costs_at_most_three_percent() -> None:
    counted = list(instructions.results(["quart"], IN_GERMAN))
    assert [each.name for each in counted] == [f"quart, {name}" for name in IN_GERMAN]
    for each in counted:
        english, german = (values[0] for values in each.values.values())
        assert german < 1.03 * english
    assert all(figure.ratio is None or figure.ratio < 1.03 for figure in report.figures(counted))


@pytest.mark.parametrize("area", parts.AREAS)
def test_each_part_of_errbridge_is_measured_within_requests(area: str) -> None:
    spent = {
        result.name: {part for part, times in result.values.items() if any(times)}
        for result in parts.results(area, rounds=1)
    }
    assert spent["200"] == {BARE, ERRBRIDGE, "the check of its head"}
    assert set.union(*spent.values()) == {BARE, ERRBRIDGE, *parts.PARTS}


def test_a_document_keeps_what_surrounds_the_result() -> None:
    text = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"
    assert report.written(text, ["new"]) == f"before\n{report.BEGIN}\n\nnew\n\n{report.END}\nafter\n"
    with pytest.raises(ValueError, match="bench: begin"):
        report.written("no marks", ["new"])


def curves() -> Iterator[Result]:
    contenders = (dispatch.ERRBRIDGE, dispatch.MERGED)
    values = {dispatch.named(contender, size): [size * 1e-9] for contender in contenders for size in dispatch.SIZES}
    yield Result(dispatch.AREA, "hit", "s", values)
    yield Result(dispatch.AREA, "dynamic hit", "s", values)


@pytest.mark.filterwarnings("ignore")
def test_the_plot_is_the_same_each_time(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    first, second = tmp_path / "first.svg", tmp_path / "images" / "second.svg"
    report.plot(curves(), first)
    report.plot(curves(), second)
    assert first.read_text() == second.read_text()
    assert "</svg>" in first.read_text()


def test_an_import_is_measured_in_a_process_of_its_own_from_compiled_modules(tmp_path: Path) -> None:
    assert set(imports.imported("cpu", "json", "errbridge", compiled=tmp_path)) == {"json", "errbridge"}
    assert any(tmp_path.rglob("errbridge/__init__.*.pyc"))
    assert imports.imported("memory", "errbridge", compiled=tmp_path)["errbridge"] > 0
    total, *parts_of_it = imports.profiled("flask", "errbridge_flask", compiled=tmp_path).values()
    assert len(parts_of_it) == 5
    assert 0 < sum(parts_of_it) < total


def test_errbridge_is_named_alike_in_all_groups() -> None:
    named = {case.name for group in GROUPS.values() for case in group.cases if case.name.startswith("errbridge")}
    assert named == {ERRBRIDGE, LANGUAGES, *(dispatch.named(dispatch.ERRBRIDGE, size) for size in SIZES)}
