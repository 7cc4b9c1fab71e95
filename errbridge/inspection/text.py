"""What the commands print: the values of this package in lines, as a person reads them in a terminal of 80 columns.

Headings are bold, by escape codes (ECMA-48). Leave these out when you print the lines to anything but a terminal.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, groupby
from textwrap import wrap

from errbridge.catalogue import ProblemType
from errbridge.inspection.checks import Finding
from errbridge.inspection.explanation import Considered, Explanation, Link
from errbridge.inspection.listing import Listing, ScopeEntry
from errbridge.inspection.subject import Source, key_name

__all__ = ["type_text", "write_explanation", "write_findings", "write_listing"]

_INDENT = "  "
_WIDTH = 80


def _bold(text: str) -> str:
    return f"\x1b[1m{text}\x1b[0m"


def _wrap(text: str, indent: str = _INDENT, first: str = "", hang: str = "") -> list[str]:
    """Wrap a text; *first* goes in front of it, and the other lines are indented as far."""
    after = indent + " " * len(first) + hang
    return wrap(
        text,
        _WIDTH,
        initial_indent=indent + first,
        subsequent_indent=after,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _align(rows: Iterable[tuple[str, ...]], indent: str) -> Iterator[str]:
    """Align the cells of rows. A row that is too long is wrapped."""
    table = list(rows)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width]
        line = (indent + "  ".join(cells)).rstrip()
        yield line if len(line) <= _WIDTH else "\n".join(_wrap("  ".join(filter(None, row)), indent, hang="    "))


def _locate(source: Source) -> str:
    """Write where a handler is so that an editor finds it; relative to the working directory if it is below."""
    if source.file is None:
        return "(no source)"
    relative = os.path.relpath(source.file)
    return f"{source.file if relative.startswith(os.pardir) else relative}:{source.line}"


def write_listing(listing: Listing) -> Iterator[str]:
    """Write what is registered as a tree: hosts, prefixes, and the handlers of each."""
    yield f"{listing.app}, by {listing.dispatcher}"
    for heading, group in groupby(listing.scopes, _head):
        yield from ("", _bold(heading))
        scopes = list(group)
        for scope, line in zip(scopes, _align(map(_describe_scope, scopes), _INDENT), strict=True):
            yield line
            handlers = (
                (each.key, each.source.name + " (native)" * each.native, _locate(each.source))
                for each in scope.handlers
            )
            yield from _align(handlers, _INDENT * (scope.depth + 3))


def _head(scope: ScopeEntry) -> str:
    if scope.host is not None:
        return f"host {scope.host}"
    if scope.prefix is not None:
        return "every host"
    return "no URLs of their own, only the errors of their views" if scope.blueprint else "the application"


def _describe_scope(scope: ScopeEntry) -> tuple[str, str, str]:
    where = _INDENT * scope.depth + (scope.prefix or ("" if scope.host is None else "/"))
    return where, f"blueprint {scope.blueprint}" if scope.blueprint else "", _describe_style(scope)


def _describe_style(scope: ScopeEntry | Link) -> str:
    style = [f"style {scope.style}"] if scope.style else []
    return ", ".join([*style, "plain page for uncaught exceptions"] if scope.failure else style)


def write_explanation(explanation: Explanation, *, verbose: bool = False) -> Iterator[str]:
    """Write how an error would be answered, and why; verbosely also the chain, and the handlers that are not asked."""
    view = "no view" if explanation.endpoint is None else f"view {explanation.endpoint}"
    request = f"{explanation.method} {explanation.host}{explanation.path} ({view})"
    yield from _wrap(f"{request} raises {explanation.error}", "")
    for note in explanation.notes:
        yield from _wrap(note, first="Note: ")
    yield from _write_decision(explanation)
    if explanation.chain:
        yield ""
        yield from _write_rest(explanation) if verbose else ["-v shows the chain, and which handlers do not run"]


def _write_decision(explanation: Explanation) -> Iterator[str]:
    if explanation.steps:
        yield from ("", _bold("What decides, in this order; None from a handler passes the error on"))
    numbers = (f"{number}. " for number in count(1))
    for step in explanation.steps:
        for entry in sorted((entry for entry in step.considered if entry.order), key=lambda entry: entry.order or 0):
            yield from _write_handler(entry, next(numbers))
            if entry.native:
                return
        yield from _wrap(step.otherwise, first=next(numbers))
    if (answer := explanation.otherwise) is not None:
        lines = [f"{answer.status} as {answer.media_type}, {answer.shown_by}", answer.media_reasons[0]]
        if answer.close is not None:
            lines.append(f"after the handshake: closed with {answer.close}")
        yield from (part for line in lines for part in _wrap(line, " " * 5))


def _write_handler(entry: Considered, first: str) -> Iterator[str]:
    kind = "native handler" if entry.native else "handler"
    handler = f"{entry.source.name}, {kind} of {entry.scope} for {entry.key}"
    yield from _wrap(": ".join(filter(None, (handler, entry.reason))), first=first)
    yield f"{_INDENT}{' ' * len(first)}{_locate(entry.source)}"


def _write_rest(explanation: Explanation) -> Iterator[str]:
    yield _bold("The chain: the scopes that own the error, the nearest first")
    for number, link in enumerate(explanation.chain, start=1):
        yield from _wrap(f"{link.scope}: {link.reason}; {_describe_style(link) or 'no style'}", first=f"{number}. ")
    for step in explanation.steps:
        if passed_over := [entry for entry in step.considered if not entry.order]:
            yield from ("", _bold(f"Not called for {step.error}"))
            yield from (line for entry in passed_over for line in _write_handler(entry, "- "))
    if explanation.otherwise is not None and len(explanation.otherwise.media_reasons) > 1:
        yield from ("", _bold("The media types"))
        yield from (line for reason in explanation.otherwise.media_reasons[1:] for line in _wrap(reason))


def write_findings(findings: Sequence[Finding]) -> Iterator[str]:
    """Write what is wrong, a paragraph for each finding."""
    for finding in findings:
        yield f"{_bold(finding.code)}: {finding.scope}"
        yield from _wrap(finding.message)
        if finding.source is not None:
            yield from _align([(finding.source.name, _locate(finding.source))], _INDENT)
        yield ""
    yield f"{len(findings)} finding{'s' * (len(findings) > 1)}" if findings else "nothing found"


def type_text(problem_type: ProblemType) -> str:
    """Write a problem type."""
    lines = [
        f"{_bold(problem_type.slug)}: {problem_type.status} {problem_type.title}",
        f"{_INDENT}{problem_type.uri}",
        *_wrap(f"{key_name(problem_type.cls)}({', '.join(field.name for field in problem_type.fields)})"),
        *(f"{_INDENT}{line}".rstrip() for line in problem_type.documentation.splitlines()),
    ]
    return "\n".join(lines)
