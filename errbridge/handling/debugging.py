"""An exception as a member of a problem document, for the developer of the application: ``ERROR_DEBUG_DOCUMENT``.

What is told is what a traceback says: class, message, places and their lines of code, and the exceptions behind it. No
variable is looked at. Still, a message or a line of code can hold a secret. So every text is redacted, by the name
before a value and by the form of the value itself, before it is cut to its length, and rather too much than too little:

=================================  ==========================================================
in a text                          becomes
=================================  ==========================================================
``password=...``, ``"token": ...``   the name, and ``[redacted]`` up to the end of the value
``scheme://user:password@host``    ``scheme://[redacted]@host``
``Bearer ...``, ``Basic ...``          the scheme of authentication alone
private keys, signed tokens        ``[redacted]``
long words that look random        ``[redacted]``
=================================  ==========================================================

Nothing here is imported until such a document is made.
"""

from __future__ import annotations

import linecache
import re
from collections.abc import Callable, Iterable
from traceback import walk_tb
from types import FrameType
from typing import Any, TypeVar, cast

__all__ = ["REDACTED", "redacted", "told"]

REDACTED = "[redacted]"

_T = TypeVar("_T")

_MOST_EXCEPTIONS = 8
_FIRST_FRAMES, _LAST_FRAMES = 8, 16
_MOST_READ = 8192  # characters of a text that are looked at
_LONGEST_TEXT = 2000
_LONGEST_LINE = 300

_NAMES = (
    r"passw(?:or)?[dt]|passphrase|passcode|pwd|secret|token|credential|cookie|session|csrf|xsrf|jwt|otp|auth(?!or(?!i))|"
    r"(?:api|access|account|client|encryption|license|master|private|shared|signing|ssh|storage)[ _.-]?key|"
    r"dsn|connection[ _]?string|salt|signature|card[ _]?number|cvv|cvc|iban|ssn|input"  # input: of a validation error
)
# What stands between a name and its value: ``=``, ``": "``, ``'] = ``, ``>``; or as in a pair, ``', '``.
_BETWEEN = r"""(?:[\\"'`\])]{0,6}\s{0,8}[=:!<>~]{1,3}\s{0,8}|\\{0,2}["'`]\s{0,8},\s{0,8})"""
_QUOTED = (
    r'[a-z]{0,2}"{3}.*?(?:"{3}|\Z)|'
    r"[a-z]{0,2}'{3}.*?(?:'{3}|\Z)|"
    r'[a-z]{0,2}(?:"(?:[^"\\]|\\.)*(?:"|\\?\Z))+|'
    r"[a-z]{0,2}(?:'(?:[^'\\]|\\.)*(?:'|\\?\Z))+|"
    r"`[^`]*(?:`|\Z)"
)
# Where something else than a quoted text begins it is not known where it ends: the line, or the text, is given up.
_VALUE = rf"(?:{_QUOTED}|[\[{{(].*|[^\n]*)"

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}-----.*?(?:-----END [A-Z0-9 ]{0,40}-----|\Z)", re.DOTALL), REDACTED),
    (re.compile(r"([a-z][a-z0-9+.-]{0,30}://)\S*@", re.IGNORECASE), rf"\1{REDACTED}@"),
    (re.compile(r"(?<![\w/])[\w.%+-]{1,64}:(?!//)[^\s@]{1,256}@(?=\w)"), f"{REDACTED}@"),
    (
        re.compile(r"\b(bearer|basic|digest|negotiate|ntlm|token|apikey)\s+[^\s,;'\"]{4,}", re.IGNORECASE),
        rf"\1 {REDACTED}",
    ),
    (re.compile(rf"((?:{_NAMES})[\w.-]{{0,40}}{_BETWEEN}){_VALUE}", re.IGNORECASE | re.DOTALL), rf"\1{REDACTED}"),
    (re.compile(r"\.?\beyJ[\w-]{6,}={0,2}(?:\.[\w-]*={0,2})*|\.eJ[\w-]{8,}(?:\.[\w-]*)*"), REDACTED),
    (
        re.compile(r"\b(?:AKIA|ASIA|AIza|gh[pousr]_|github_pat_|glpat-|npm_|hf_|xox[abprs]-|[prsw]k_\w{4}_)[\w-]{8,}"),
        REDACTED,
    ),
)
_WORD = re.compile(r"[A-Za-z0-9_-]{24,}")
_REPEATED = re.compile(rf"(?:{re.escape(REDACTED)}){{2,}}")  # one word for what several rules found
_RANDOM = re.compile(r"[0-9a-f]{24,}|[0-9A-F]{24,}|(?=.*[0-9])(?=.*[a-z])(?=.*[A-Z]).*")


def redacted(text: str) -> str:
    """Take out of a text what looks like a secret.

    Args:
        text: Any text; of a long one the end is left out.
    """
    return _REPEATED.sub(REDACTED, _WORD.sub(_unless_random, _by_rules(_beginning(text))))


def _by_rules(text: str) -> str:
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def _unless_random(word: re.Match[str]) -> str:
    return REDACTED if _RANDOM.fullmatch(word[0]) else word[0]


def _beginning(text: str) -> str:
    """Cut a long text, at a space: half a secret is not recognised as one."""
    if len(text) <= _MOST_READ:
        return text
    return re.sub(r"\S*\Z", "", text[:_MOST_READ])


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}\u2026"


def told(exc: BaseException, hidden: Iterable[str] = ()) -> dict[str, Any]:
    """Tell of an exception.

    Args:
        exc: Any exception. Whatever of it cannot be read is left out.
        hidden: Packages whose frames are left out where a traceback begins with them: the framework's.

    Returns:
        ``class``, ``message``, ``traceback`` (``file``, ``line``, ``function`` and ``code``, the oldest call first;
        ``omitted`` counts those left out in the middle), for a group ``exceptions``, and what came before it under
        ``cause`` or ``context``.
    """
    return _Teller(frozenset(hidden)).told(exc)


class _Teller:
    """Tells of an exception and those behind it, of each once and not of endlessly many."""

    def __init__(self, hidden: frozenset[str]) -> None:
        self._hidden = hidden
        self._known: set[int] = set()

    def told(self, exc: BaseException) -> dict[str, Any]:
        self._known.add(id(exc))
        frames: list[tuple[FrameType, int]] = []
        frames = _read(lambda: list(walk_tb(exc.__traceback__)), frames)
        own = next((index for index, (frame, _) in enumerate(frames) if _package(frame) not in self._hidden), 0)
        frames = frames[own:]
        omitted = max(0, len(frames) - _FIRST_FRAMES - _LAST_FRAMES)
        shown = frames if not omitted else [*frames[:_FIRST_FRAMES], *frames[-_LAST_FRAMES:]]
        member: dict[str, Any] = {
            "class": _class_name(exc),
            "message": _message(exc),
            "traceback": [_place(frame, line) for frame, line in shown],
        }
        if omitted:
            member["omitted"] = omitted
        if issubclass(type(exc), BaseExceptionGroup):  # an instance may pretend, or fail to say
            members: Iterable[BaseException] = _read(lambda: tuple(cast(Any, exc).exceptions), ())
            member["exceptions"] = [self.told(each) for each in members if self._is_news(each)]
        before = _read(lambda: exc.__cause__, None)
        kind = "cause"
        if before is None and not _read(lambda: exc.__suppress_context__, True):
            before, kind = _read(lambda: exc.__context__, None), "context"
        if before is not None and self._is_news(before):
            member[kind] = self.told(before)
        return member

    def _is_news(self, exc: BaseException) -> bool:
        return id(exc) not in self._known and len(self._known) < _MOST_EXCEPTIONS


def _read(read: Callable[[], _T], otherwise: _T) -> _T:
    """Read something of an object that may do anything when it is touched."""
    try:
        return read()
    except Exception:
        return otherwise


def _class_name(exc: BaseException) -> str:
    cls = type(exc)
    name = cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
    return _cut(_by_rules(name), _LONGEST_LINE)


def _message(exc: BaseException) -> str:
    try:
        text = str.__str__(str(exc))  # also of a subclass that would do something else when it is cut
    except Exception as error:
        return f"(no text: {type(error).__name__} was raised)"
    return _cut(redacted(text), _LONGEST_TEXT)


def _package(frame: FrameType) -> str:
    name: object = frame.f_globals.get("__name__")
    return name.partition(".")[0] if isinstance(name, str) else ""


def _place(frame: FrameType, line: int) -> dict[str, Any]:
    name = frame.f_code.co_filename
    code = _read(lambda: linecache.getline(name, line, frame.f_globals), "")
    return {
        "file": _cut(redacted(name), _LONGEST_LINE),
        "line": line,
        "function": _cut(_by_rules(frame.f_code.co_qualname), _LONGEST_LINE),
        "code": _cut(redacted(code.strip()), _LONGEST_LINE),
    }
