"""The records of one incident in a log: lines of JSON, or text in which a stack follows its record."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from errbridge.errors import SetupError

__all__ = ["FoundRecord", "check_id", "find_records", "record_text"]


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """A record that has the id of the incident."""

    source: str  # the file
    line: int  # the number of its first line, from 1
    text: str  # as it is written, its stack included
    fields: dict[str, Any] | None = None  # the members of an object of JSON


def check_id(text: str) -> str:
    """Return what a client quoted as the start of an id: the id, its first 8 characters or more, or an ``instance``."""
    wanted = text.strip().lower().removeprefix("urn:uuid:")
    if re.fullmatch(r"[0-9a-f]{8}[0-9a-f-]{0,28}", wanted) is None:
        raise SetupError(f"{text!r} is no id of an incident: quote 8 characters of it or more, such as 1b4e28ba")
    return wanted


def find_records(wanted: str, source: str, lines: Iterable[str]) -> list[FoundRecord]:
    """Find the records of an incident, whose id begins with *wanted*, in the lines of a log."""
    mentions = re.compile(rf"(?<![0-9a-f-]){re.escape(wanted)}", re.IGNORECASE).search
    found: list[tuple[int, list[str]]] = []
    goes_on = False
    for number, line in enumerate((line.rstrip("\r\n") for line in lines), 1):
        if goes_on and _belongs(line, found[-1][1]):
            found[-1][1].append(line)
        elif goes_on := mentions(line) is not None:
            found.append((number, [line]))
    return [FoundRecord(source, start, "\n".join(text).rstrip(), _read_object(text[0])) for start, text in found]


def _read_object(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line[line.find("{") :])
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


_OF_A_STACK = re.compile(r"\s|Traceback \(|During handling of the above|The above exception was|$")
_ACCESS_LOG = re.compile(r"\d+\.\d+\.\d+\.\d+ |::1 ")


def _belongs(line: str, text: list[str]) -> bool:
    """Return whether a line belongs to a record. Nothing says where one ends, so the next has to begin as it does."""
    if _OF_A_STACK.match(line):
        return True
    if len(text) == 1 or _ACCESS_LOG.match(line):
        return False
    # The exception, whose text may have several lines.
    begin = _find_form(text[0])
    return not _find_form(line).startswith(begin) if begin else text[-1].startswith((" ", "\t"))


def _find_form(line: str) -> str:
    """Return the form of a record's beginning, such as its time: ``0-0-0 0:0:0 A``; "" if there is none."""
    before = re.sub("[A-Z]?[a-z].*", "", line)[:24]
    form = re.sub("[A-Z]+", "A", re.sub(r"\d+", "0", before))
    return form if re.search(r"[^A\s]|A\s", form) else ""


_UNPRINTABLE = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]"  # JSON had escaped what a terminal would obey


def _escape(found: re.Match[str]) -> str:
    return ascii(found[0])[1:-1]


def record_text(record: FoundRecord) -> str:
    """Write a record for people: a record of JSON one member a line, with the stack as it was printed."""
    members = record.fields or {}
    width = max(map(len, members), default=0)
    lines = [] if members else [record.text]
    for member, value in members.items():
        name = re.sub(_UNPRINTABLE, _escape, member)
        text = re.sub(_UNPRINTABLE, _escape, value) if isinstance(value, str) else json.dumps(value)
        lines.append(f"  {name}\n{text}" if "\n" in text else f"  {name:{width}}  {text}")
    return "\n".join([f"{record.source}:{record.line}", *lines])
