"""What the commands print: the values of this package as a person reads them in a terminal."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from errbridge.catalogue import Catalogue, ProblemType
from errbridge.inspection.checks import Finding
from errbridge.inspection.explanation import Considered, Explanation, Step
from errbridge.inspection.listing import HandlerEntry, Listing, ScopeEntry
from errbridge.inspection.subject import Source, key_name

__all__ = ["explanation_text", "findings_text", "listing_text", "types_text"]

_INDENT = "  "


def listing_text(listing: Listing) -> str:
    """Write what is registered as a tree: hosts, prefixes, and the handlers of each."""
    return "\n".join(_listing(listing))


def _listing(listing: Listing) -> Iterator[str]:
    yield f"{listing.app}, by {listing.dispatcher}"
    for entry in listing.hosts:
        yield ""
        yield "every host" if entry.host is None else f"host {entry.host}"
        yield from _scopes((scope, f"{_INDENT * scope.depth}{scope.prefix or '/'}") for scope in entry.scopes)
    if listing.views:
        yield ""
        yield "no URLs of their own, only the errors of their views"
        yield from _scopes((scope, "") for scope in listing.views)
    yield ""
    yield f"the application  {_look(listing.root)}"
    yield from _handlers(listing.root.handlers, _INDENT)


def _scopes(scopes: Iterable[tuple[ScopeEntry, str]]) -> Iterator[str]:
    rows = [(scope, where, f"blueprint {scope.blueprint}" if scope.blueprint else "") for scope, where in scopes]
    widths = max(len(where) for _, where, _ in rows), max(len(blueprint) for *_, blueprint in rows)
    for scope, where, blueprint in rows:
        columns = (where.ljust(widths[0]), blueprint.ljust(widths[1]), _look(scope))
        yield (
            _INDENT + "  ".join(column for column, width in zip(columns, (*widths, 1), strict=True) if width)
        ).rstrip()
        yield from _handlers(scope.handlers, _INDENT * (scope.depth + 3))


def _look(scope: ScopeEntry) -> str:
    said = [f"style {scope.style}"] if scope.style else []
    if scope.failure:
        said.append("plain page for uncaught exceptions")
    return ", ".join(said)


def _handlers(handlers: Iterable[HandlerEntry], indent: str) -> Iterator[str]:
    rows = [
        (entry.key, f"{entry.source.name}{' (native)' if entry.native else ''}", locate(entry.source))
        for entry in handlers
    ]
    yield from _aligned(rows, indent)


def _aligned(rows: Iterable[tuple[str, ...]], indent: str) -> Iterator[str]:
    table = list(rows)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        yield (indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()


def locate(source: Source) -> str:
    """Write where a handler stands so that an editor finds it; relative to the working directory if it is below."""
    if source.file is None:
        return "(no source)"
    relative = os.path.relpath(source.file)
    return f"{source.file if relative.startswith(os.pardir) else relative}:{source.line}"


def explanation_text(explanation: Explanation) -> str:
    """Write who would answer an error, and why."""
    return "\n".join(_explanation(explanation))


def _explanation(said: Explanation) -> Iterator[str]:
    view = "no view" if said.endpoint is None else f"view {said.endpoint}"
    yield f"{said.method} {said.host}{said.path} ({view}) raises {said.error}"
    yield from (f"{_INDENT}Note: {note}" for note in said.notes)
    if not said.chain:
        return
    yield ""
    yield "The chain: who owns it"
    rows = [
        (f"{number}.", link.scope, _style(link.style, link.failure), link.reason)
        for number, link in enumerate(said.chain, start=1)
    ]
    yield from _aligned(rows, _INDENT)
    asked: list[Considered] = []
    for step in said.steps:
        yield ""
        yield from _step(step)
        asked += _asked(step)
        if any(entry.native for entry in asked):  # it answers, and nobody gets to the next step
            break
    yield from _answer(said, asked)


def _answer(said: Explanation, asked: Sequence[Considered]) -> Iterator[str]:
    if said.answered_by is not None:
        when = "The answer" if asked[0].native else "If no handler before that takes it"
        yield ""
        yield f"{when}: what {said.answered_by.name} returns"
    elif (answer := said.otherwise) is not None:
        when = "If no handler takes it" if asked else "The answer"
        yield ""
        yield f"{when}: {answer.status} as {answer.media_type}, {answer.shown_by}"
        yield from (f"{_INDENT}{reason}" for reason in answer.media_reasons)


def _style(style: str | None, failure: bool) -> str:
    return (f"style {style}" if style else "no style") + (", plain page for uncaught" if failure else "")


def _step(step: Step) -> Iterator[str]:
    asked = _asked(step)
    yield f"Who is asked about {step.error}" + ("" if asked else ": nobody")
    for entry in asked:
        yield from _candidate(entry, f"{entry.order}.")
    yield f"{_INDENT}{_if_not_taken(asked)}{step.otherwise}"
    for entry in step.considered:
        if entry.order is None:
            yield from _candidate(entry, "-")


def _asked(step: Step) -> list[Considered]:
    return sorted((entry for entry in step.considered if entry.order is not None), key=_order)


def _if_not_taken(asked: Sequence[Considered]) -> str:
    if len(asked) != 1:
        return "if none of them takes it, " if asked else ""
    return "if it returns None, " if asked[0].native else "if it does not take it, "


def _order(entry: Considered) -> int:
    return entry.order or 0


def _candidate(entry: Considered, sign: str) -> Iterator[str]:
    native = ", native" if entry.native else ""
    said = "passed over, " if entry.order is None else ""
    yield f"{_INDENT}{sign} {entry.scope}, handler for {entry.key}{native}: {said}{entry.reason}"
    yield f"{_INDENT}{' ' * len(sign)} {entry.source.name}  {locate(entry.source)}"


def findings_text(findings: Sequence[Finding]) -> str:
    """Write what is wrong, a paragraph for each finding."""
    if not findings:
        return "nothing found"
    number = f"{len(findings)} finding{'' if len(findings) == 1 else 's'}"
    return "\n".join([*(line for finding in findings for line in _finding(finding)), number])


def _finding(finding: Finding) -> Iterator[str]:
    yield f"{finding.code}: {finding.scope}"
    yield f"{_INDENT}{finding.message}"
    if finding.source is not None:
        yield f"{_INDENT}{finding.source.name}  {locate(finding.source)}"
    yield ""


def types_text(catalogue: Catalogue) -> str:
    """Write the problem types of a service, a paragraph for each."""
    return "\n\n".join("\n".join(_type(each)) for each in catalogue) or "no problem types"


def _type(problem_type: ProblemType) -> Iterator[str]:
    yield f"{problem_type.slug}: {problem_type.status} {problem_type.title}"
    yield f"{_INDENT}{problem_type.uri}"
    yield f"{_INDENT}{key_name(problem_type.cls)}({', '.join(field.name for field in problem_type.fields)})"
    yield from (f"{_INDENT}{line}".rstrip() for line in problem_type.documentation.splitlines())
