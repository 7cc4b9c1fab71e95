"""What the commands print: the values of this package as a person reads them in a terminal of 80 columns.

Headings are bold, by escape codes (ECMA-48). Leave these out when you print the text to anything but a terminal.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, groupby
from textwrap import wrap

from errbridge.catalogue import Catalogue, ProblemType
from errbridge.inspection.checks import Finding
from errbridge.inspection.explanation import Considered, Explanation, Link
from errbridge.inspection.listing import HandlerEntry, Listing, ScopeEntry
from errbridge.inspection.subject import Source, key_name

__all__ = ["explanation_text", "findings_text", "listing_text", "types_text"]

_INDENT = "  "
_WIDTH = 80


def _bold(text: str) -> str:
    return f"\x1b[1m{text}\x1b[0m"


def _wrap(text: str, indent: str = _INDENT, first: str = "", hang: str = "") -> list[str]:
    """Wrap a text; *first* goes in front of it, and the other lines are indented as far."""
    return wrap(
        text,
        _WIDTH,
        initial_indent=indent + first,
        subsequent_indent=indent + " " * len(first) + hang,
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


# list


def listing_text(listing: Listing) -> str:
    """Write what is registered as a tree: hosts, prefixes, and the handlers of each."""
    return "\n".join(_write_listing(listing))


def _write_listing(listing: Listing) -> Iterator[str]:
    yield f"{listing.app}, by {listing.dispatcher}"
    for heading, scopes in groupby(listing.scopes, _head):
        yield ""
        yield _bold(heading)
        yield from _write_scopes(list(scopes))


def _head(scope: ScopeEntry) -> str:
    if scope.host is not None:
        return f"host {scope.host}"
    if scope.prefix is not None:
        return "every host"
    return "no URLs of their own, only the errors of their views" if scope.blueprint else "the application"


def _write_scopes(scopes: Sequence[ScopeEntry]) -> Iterator[str]:
    rows: list[tuple[str, ...]] = []
    for scope in scopes:
        where = scope.prefix or ("" if scope.host is None else "/")
        name = f"blueprint {scope.blueprint}" if scope.blueprint else ""
        rows.append((_INDENT * scope.depth + where, name, _describe_style(scope)))
    for scope, line in zip(scopes, _align(rows, _INDENT), strict=True):
        yield line
        yield from _write_handlers(scope.handlers, _INDENT * (scope.depth + 3))


def _describe_style(scope: ScopeEntry | Link) -> str:
    style = [f"style {scope.style}"] if scope.style else []
    return ", ".join([*style, "plain page for uncaught exceptions"] if scope.failure else style)


def _write_handlers(handlers: Iterable[HandlerEntry], indent: str) -> Iterator[str]:
    rows = ((each.key, each.source.name + " (native)" * each.native, _locate(each.source)) for each in handlers)
    return _align(rows, indent)


# explain


def explanation_text(explanation: Explanation, *, verbose: bool = False) -> str:
    """Write how an error would be answered, and why; verbosely also the chain, and the handlers that are not asked."""
    lines = [*_write_decision(explanation)]
    if explanation.chain:
        lines.append("")
        lines += _write_rest(explanation) if verbose else ["-v shows the chain, and which handlers do not run"]
    return "\n".join(lines)


def _write_decision(explanation: Explanation) -> Iterator[str]:
    view = "no view" if explanation.endpoint is None else f"view {explanation.endpoint}"
    request = f"{explanation.method} {explanation.host}{explanation.path} ({view})"
    yield from _wrap(f"{request} raises {explanation.error}", "")
    for note in explanation.notes:
        yield from _wrap(note, first="Note: ")
    if explanation.steps:
        yield ""
        yield _bold("What decides, in this order; None from a handler passes the error on")
    numbers = (f"{number}. " for number in count(1))
    for step in explanation.steps:
        asked = (entry for entry in step.considered if entry.order is not None)
        for entry in sorted(asked, key=lambda entry: entry.order or 0):
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
        style = _describe_style(link) or "no style"
        yield from _wrap(f"{link.scope}: {link.reason}; {style}", first=f"{number}. ")
    for step in explanation.steps:
        if passed_over := [entry for entry in step.considered if entry.order is None]:
            yield ""
            yield _bold(f"Not called for {step.error}")
            for entry in passed_over:
                yield from _write_handler(entry, "- ")
    if explanation.otherwise is not None and len(explanation.otherwise.media_reasons) > 1:
        yield ""
        yield _bold("The media types")
        for reason in explanation.otherwise.media_reasons[1:]:
            yield from _wrap(reason)


# check and types


def findings_text(findings: Sequence[Finding], *, bold: bool = True) -> str:
    """Write what is wrong, a paragraph for each finding."""
    number = f"{len(findings)} finding{'s' * (len(findings) > 1)}" if findings else "nothing found"
    text = "\n".join([*(line for finding in findings for line in _write_finding(finding)), number])
    return text if bold else re.sub("\x1b\\[[0-9]*m", "", text)


def _write_finding(finding: Finding) -> Iterator[str]:
    yield f"{_bold(finding.code)}: {finding.scope}"
    yield from _wrap(finding.message)
    if finding.source is not None:
        yield from _align([(finding.source.name, _locate(finding.source))], _INDENT)
    yield ""


def types_text(catalogue: Catalogue) -> str:
    """Write the problem types of a service, a paragraph for each."""
    return "\n\n".join("\n".join(_write_type(each)) for each in catalogue) or "no problem types"


def _write_type(problem_type: ProblemType) -> Iterator[str]:
    yield f"{_bold(problem_type.slug)}: {problem_type.status} {problem_type.title}"
    yield f"{_INDENT}{problem_type.uri}"
    yield from _wrap(f"{key_name(problem_type.cls)}({', '.join(field.name for field in problem_type.fields)})")
    yield from (f"{_INDENT}{line}".rstrip() for line in problem_type.documentation.splitlines())
