"""The records of one incident in a log: lines of JSON, or text in which a stack follows its record."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from errbridge.errors import SetupError

__all__ = ["FoundRecord", "check_id", "find_records", "record_text"]


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """A record that has the id of the incident.

    Attributes:
        source: The file.
        line: The number of its first line, from 1.
        text: The record as it is written, its stack included.
        fields: The members, where the record is an object of JSON.
    """

    source: str
    line: int
    text: str
    fields: dict[str, Any] | None = None


def check_id(text: str) -> str:
    """Return what a client quoted as the start of an id: the id, its first 8 characters or more, or an ``instance``.

    Raises:
        SetupError: It is something else.
    """
    wanted = text.strip().lower().removeprefix("urn:uuid:")
    if re.fullmatch(r"[0-9a-f]{8}[0-9a-f-]{0,28}", wanted) is None:
        raise SetupError(f"{text!r} is no id of an incident: quote 8 characters of it or more, such as 1b4e28ba")
    return wanted


def find_records(wanted: str, source: str, lines: Iterable[str]) -> Iterator[FoundRecord]:
    """Find the records of an incident.

    Args:
        wanted: The start of its id.
        source: The name of the log.
        lines: The lines of the log.
    """
    mentions = re.compile(rf"(?<![0-9a-f-]){re.escape(wanted)}", re.IGNORECASE).search
    found: _Text | None = None
    for number, line in enumerate((line.rstrip("\r\n") for line in lines), 1):
        if found is not None and found.continues(line):
            continue
        if found is not None:
            yield FoundRecord(source, found.number, found.text)
            found = None
        if mentions(line):
            fields = _read_object(line)
            if fields is None:
                found = _Text(number, line)
            else:
                yield FoundRecord(source, number, line, fields)
    if found is not None:
        yield FoundRecord(source, found.number, found.text)


def _read_object(line: str) -> dict[str, Any] | None:
    start = line.find("{")
    try:
        value = json.loads(line[start:]) if start >= 0 else None
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


_OF_A_STACK = re.compile(r"\s|Traceback \(|During handling of the above|The above exception was|$")
_ACCESS_LOG = re.compile(r"\d+\.\d+\.\d+\.\d+ |::1 ")


class _Text:
    """A record of several lines. Nothing says where it ends, so the next one has to look as this one does."""

    def __init__(self, number: int, line: str) -> None:
        self.number = number
        self._lines = [line]
        self._begins = _begin_of(line)
        self._has_stack = False

    @property
    def text(self) -> str:
        return "\n".join(self._lines).rstrip()

    def continues(self, line: str) -> bool:
        """Take a line that belongs to the record; return whether it does."""
        belongs = _OF_A_STACK.match(line) is not None
        if self._has_stack and not belongs:  # the exception, whose text may have several lines
            belongs = not (self._begins and self._begins.match(line)) and not _ACCESS_LOG.match(line)
            belongs = belongs and (self._begins is not None or self._lines[-1].startswith((" ", "\t")))
        if belongs:
            self._has_stack = True
            self._lines.append(line)
        return belongs


def _begin_of(line: str) -> re.Pattern[str] | None:
    """Return the pattern of a record's beginning, such as its time; None if there is none."""
    before = re.match(r"[^a-z]{0,24}", line)
    assert before is not None
    text = before[0] if len(before[0]) == 24 else re.sub(r"[A-Z]$", "", before[0])
    if re.search(r"[^A-Za-z\s]|[A-Z]\s", text) is None:
        return None
    pattern = re.sub(r"[A-Z]+", "[A-Z]+", re.sub(r"\d", "0", re.escape(text)))
    return re.compile(re.sub(r"0", r"\\d", pattern))


def record_text(record: FoundRecord) -> str:
    """Write a record for people: a record of JSON one member a line, with the stack as it was printed."""
    head = f"{record.source}:{record.line}"
    if record.fields is None:
        return f"{head}\n{record.text}"
    plain = {name: value if isinstance(value, str) else json.dumps(value) for name, value in record.fields.items()}
    width = max(map(len, plain))
    short = [f"  {name:{width}}  {value}" for name, value in plain.items() if "\n" not in value]
    long = [f"  {name}\n{value}" for name, value in plain.items() if "\n" in value]
    return "\n".join([head, *short, *long])
