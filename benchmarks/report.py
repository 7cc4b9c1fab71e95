"""The results for people on a terminal, for machines, for the documentation, and as a plot."""

from __future__ import annotations

import importlib
import os
import platform
import re
import subprocess
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.areas import dispatch
from benchmarks.goals import MISSED, REACHED, UNDECIDED, Verdict
from benchmarks.loopback import ROOT
from benchmarks.measure import Result, median, noise, quartiles

__all__ = ["BEGIN", "END", "Figure", "as_json", "circumstances", "figures", "markdown", "plot", "table", "written"]

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"

_PACKAGES = (
    "errbridge",
    "flask",
    "quart",
    "werkzeug",
    "jinja2",
    "hypercorn",
    "Flask-ErrorsHandler",
    "starlette",
    "starlette-problem",
    "fastapi",
    "fastapi-problem",
)
_TITLES: Mapping[str, str] = {
    "dispatch": "Who owns this URL?",
    "rendering": "From a problem to bytes",
    "negotiation": "From an Accept header to a media type",
    "flask": "Whole requests of a Flask application, in process",
    "quart": "Whole requests of a Quart application, in process",
    "bridge": "Through the bridge, in process",
    "starlette": "starlette-problem on Starlette",
    "fastapi": "fastapi-problem on FastAPI",
    "hypercorn": "Under Hypercorn, 32 connections",
    "imports": "Imports beyond the framework's own",
    "memory": "Memory",
    "flask-parts": "Where the time of an error goes in Flask",
    "quart-parts": "Where the time of an error goes in Quart",
    "instructions": "Instructions of whole requests, by callgrind",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report.

    Attributes:
        area: What part of the whole it belongs to.
        group: The work.
        case: Who did it.
        value: The median, in the unit.
        unit: ``s``, ``bytes`` or ``blocks``.
        versus: The reference; None for a reference itself.
        ratio: The median of the ratios to the reference.
        low: A quarter of the ratios is below.
        high: A quarter of them is above.
        noise: How far off ratios of this group may be, from measuring the reference twice.
    """

    area: str
    group: str
    case: str
    value: float
    unit: str
    versus: str | None
    ratio: float | None
    low: float | None
    high: float | None
    noise: float


def figures(results: Iterable[Result]) -> Iterator[Figure]:
    """Sum up what was measured, case by case."""
    for result in results:
        off = noise(result.same())
        for case, values in result.values.items():
            versus = result.versus.get(case)
            ratio = low = high = None
            if versus is not None:
                ratios = result.ratios(case, versus)
                ratio, (low, high) = median(ratios), quartiles(ratios)
            value = median(values)
            yield Figure(result.area, result.name, case, value, result.unit, versus, ratio, low, high, off)


def circumstances(mode: str) -> dict[str, Any]:
    """Say when, where and with what it was measured."""
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "mode": mode,
        "commit": _commit(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        "load": round(os.getloadavg()[0], 2),
        "versions": versions,
    }


def _commit() -> str | None:
    try:
        command = ["git", "describe", "--always", "--dirty"]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _shown(value: float, unit: str) -> str:
    if unit == "bytes":
        return f"{value / 1024:,.1f} KiB" if abs(value) >= 1024 else f"{value:.1f} B"
    if unit == "instructions":
        return f"{value:,.0f}"
    if unit == "blocks":
        return f"{value:.4f} blocks"
    for limit, factor, name in ((1e-6, 1e9, "ns"), (1e-3, 1e6, "µs"), (1.0, 1e3, "ms")):
        if value < limit:
            digits = 0 if value * factor >= 100 else 1
            return f"{value * factor:,.{digits}f} {name}"
    return f"{value:.2f} s"


def _ratio(value: float) -> str:
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}" if value < 10 else f"{value:,.1f}"


def _limit(verdict: Verdict) -> str:
    goal = verdict.goal
    return f"{goal.limit:g} {goal.unit}"


def _measured(verdict: Verdict) -> str:
    return (
        f"{verdict.measured:.3g} {verdict.goal.unit}"
        if verdict.measured < 100
        else f"{verdict.measured:.0f} " + (verdict.goal.unit)
    )


# For people, on a terminal.


def table(results: Sequence[Result], verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Give the lines of the report."""
    area = group = None
    for figure in figures(results):
        if figure.area != area:
            area, group = figure.area, None
            yield ""
            yield _TITLES.get(area, area).upper()
        if figure.group != group:
            group = figure.group
            yield f"  {group}{f'  (noise {figure.noise:.1%})' if figure.noise else ''}"
        line = f"    {figure.case:<50} {_shown(figure.value, figure.unit):>14}"
        if figure.ratio is not None and figure.low is not None and figure.high is not None:
            line += f" {_ratio(figure.ratio):>9}  {_ratio(figure.low)}..{_ratio(figure.high)} x {figure.versus}"
        yield line
    if verdicts:
        yield ""
        yield "GOALS"
        yield from goal_lines(verdicts)


def goal_lines(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield a line for each goal, with the cost where it is missed, and how many are reached."""
    for verdict in verdicts:
        goal = verdict.goal
        reference = f" {goal.reference}" if goal.reference else ""
        yield (
            f"  {verdict.verdict.upper() if verdict.verdict != REACHED else verdict.verdict:<10}"
            f"{goal.name:<50} {_measured(verdict):>14} ±{verdict.noise:<6.1%} at most {_limit(verdict)}{reference}"
            f"{'' if verdict.verdict == REACHED or not goal.cost else f' ({goal.cost})'}"
        )
    yield ""
    yield tally(verdicts)


def tally(verdicts: Iterable[Verdict]) -> str:
    """Count the goals by verdict."""
    found = [verdict.verdict for verdict in verdicts]
    return f"{len(found)} goals: " + ", ".join(
        f"{found.count(verdict)} {verdict}" for verdict in (REACHED, MISSED, UNDECIDED)
    )


# For machines.


def as_json(results: Iterable[Result], verdicts: Iterable[Verdict], about: Mapping[str, Any]) -> dict[str, Any]:
    """Give the results as a document; times are in seconds."""
    return {
        "circumstances": dict(about),
        "figures": [{name: getattr(figure, name) for name in Figure.__slots__} for figure in figures(results)],
        "goals": [
            {
                "name": verdict.goal.name,
                "limit": verdict.goal.limit,
                "unit": verdict.goal.unit,
                "area": verdict.goal.area,
                "group": verdict.goal.group,
                "case": verdict.goal.case,
                "reference": verdict.goal.reference,
                "measured": verdict.measured,
                "noise": verdict.noise,
                "verdict": verdict.verdict,
            }
            for verdict in verdicts
        ],
    }


# For the documentation.


def markdown(results: Sequence[Result], verdicts: Sequence[Verdict], about: Mapping[str, Any]) -> Iterator[str]:
    """Give the lines of the section in the documentation."""
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    yield f"Measured {about['date']}, commit {about['commit']}, {about['mode']} mode, {about['clock']} clock."
    yield f"{about['python']} on {about['machine']} (load {about['load']}). Versions: {versions}."
    yield ""
    yield "### Goals"
    yield ""
    yield f"{tally(verdicts)}."
    yield ""
    yield "| what | at most | of | measured | noise | |"
    yield "|---|---|---|---|---|---|"
    areas = dict.fromkeys(result.area for result in results)
    for verdict in verdicts:
        yield (
            f"| {verdict.goal.name} | {_limit(verdict)} | {verdict.goal.reference or ''} | {_measured(verdict)} | "
            f"{verdict.noise:.1%} | {_explained(verdict, areas)} |"
        )
    for area in areas:
        found = [figure for figure in figures(results) if figure.area == area]
        yield ""
        yield f"### {_TITLES.get(area, area)}"
        yield ""
        if area in _REQUESTS:
            yield from _matrix(found, [(figure.group, figure.case) for figure in found])
            continue
        if area in _PARTS:
            yield from _matrix(found, [(figure.case, figure.group) for figure in found])
            continue
        sized = [figure for figure in found if _SIZE in figure.case]
        if sized:
            names = [figure.case.partition(_SIZE) for figure in sized]
            yield from _matrix(
                sized, [(f"{f.group}: {name}", size) for f, (name, _, size) in zip(sized, names, strict=True)]
            )
            yield ""
        yield from _list([figure for figure in found if figure not in sized])


def _explained(verdict: Verdict, areas: Container[str]) -> str:
    """Name the verdict and, for a goal that is not reached, the cost, with a link to the table that shows it."""
    goal = verdict.goal
    if verdict.verdict == REACHED:
        return REACHED
    profile = _PROFILES.get(goal.area, goal.area)
    cost = goal.cost or "where the time goes"
    if profile in areas:
        anchor = re.sub(r"[^\w -]", "", _TITLES.get(profile, profile).lower()).replace(" ", "-")
        cost = f"[{cost}](#{anchor})"
    return f"**{verdict.verdict}**: {cost}"


_PROFILES: Mapping[str, str] = {"flask": "flask-parts", "quart": "quart-parts", "hypercorn": "bridge"}
"""The area that shows where the time of another goes."""

_REQUESTS = ("flask", "quart", "bridge", "starlette", "fastapi")
_PARTS = ("flask-parts", "quart-parts")
_SIZE = dispatch.named("", 0)[:-1]


def _matrix(found: Sequence[Figure], places: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Make a table of figures, each at its place: the names of its line and of its column."""
    cells = dict(zip(places, found, strict=True))
    columns = list(dict.fromkeys(column for _, column in places))
    yield f"| | {' | '.join(columns)} | noise |"
    yield "|---" * (len(columns) + 2) + "|"
    for row in dict.fromkeys(row for row, _ in places):
        line = [row]
        figures_here = [cells.get((row, column)) for column in columns]
        for figure in figures_here:
            if figure is None or not figure.value:  # a part that this kind of request does not have
                line.append("")
            elif figure.ratio is None:
                line.append(_shown(figure.value, figure.unit))
            else:
                line.append(f"{_ratio(figure.ratio)} ({_shown(figure.value, figure.unit)})")
        noise = next(figure.noise for figure in figures_here if figure is not None)
        yield f"| {' | '.join(line)} | {noise:.1%} |"


def _list(found: Sequence[Figure]) -> Iterator[str]:
    yield "| | | median | ratio | to | noise |"
    yield "|---|---|---|---|---|---|"
    group = None
    for figure in found:
        first = figure.group if figure.group != group else ""
        group = figure.group
        ratio = "" if figure.ratio is None else _ratio(figure.ratio)
        off = f"{figure.noise:.1%}" if figure.noise else ""
        value = _shown(figure.value, figure.unit)
        yield f"| {first} | {figure.case} | {value} | {ratio} | {figure.versus or ''} | {off} |"


def written(text: str, lines: Iterable[str], begin: str = BEGIN, end: str = END) -> str:
    """Put lines between the markers of a document.

    Raises:
        ValueError: It has no markers.
    """
    before, found, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise ValueError(f"there is no {begin} or no {end} after it")
    return "\n".join((f"{before}{begin}", "", *lines, "", f"{end}{after}"))


# As a plot.

_LINES: Mapping[str, tuple[str, str]] = {
    dispatch.ERRBRIDGE: ("#0072b2", "o"),
    dispatch.MERGED: ("#56b4e9", "s"),
    dispatch.MATCHER: ("#d55e00", "^"),
    dispatch.LINEAR: ("#999999", "v"),
}
"""Colours that everyone can distinguish, and marks for print."""

_PANELS = {"hit": "a prefix of text", "dynamic hit": "a prefix with a variable"}


def plot(results: Iterable[Result], file: Path) -> None:
    """Draw how a lookup grows with the number of prefixes.

    Args:
        results: Those of the dispatch among them.
        file: What to write; its suffix decides about the format.
    """
    matplotlib: Any = importlib.import_module("matplotlib")
    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.hashsalt": "errbridge", "font.size": 9, "axes.spines.top": False})
    pyplot: Any = importlib.import_module("matplotlib.pyplot")
    figure, panels = pyplot.subplots(1, len(_PANELS), figsize=(8.5, 3.6), sharey=True, layout="constrained")
    by_group = {result.name: result for result in results if result.area == dispatch.AREA}
    for panel, (group, title) in zip(panels, _PANELS.items(), strict=True):
        for contender, (colour, mark) in _LINES.items():
            points = list(_curve(by_group[group], contender))
            if points:
                panel.plot(*zip(*points, strict=True), color=colour, marker=mark, markersize=5, label=contender)
        panel.set(xscale="log", yscale="log", title=title, xlabel="prefixes")
        for axis in (panel.xaxis, panel.yaxis):
            axis.set_major_formatter("{x:,g}")
        panel.grid(color="#dddddd", linewidth=0.6)
        panel.spines["right"].set_visible(False)
    panels[0].set_ylabel("µs for a lookup")
    panels[0].legend(frameon=False, loc="upper left")
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None, dpi=150)
    pyplot.close(figure)


def _curve(result: Result, contender: str) -> Iterator[tuple[int, float]]:
    for size in dispatch.SIZES:
        values = result.values.get(dispatch.named(contender, size))
        if values is not None:
            yield size, median(values) * 1e6
