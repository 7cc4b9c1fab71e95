"""An exception as a member of a problem document, for the developer of the application: ``ERROR_DEBUG_DOCUMENT``.

The member has what a traceback has: classes, messages, places and their lines of code, but no variables. A message or a
line of code may still hold a secret. So every text is redacted before it is cut, by the name before a value and by the
form of the value, rather too much than too little.

This module is imported when the first such document is made.
"""

from __future__ import annotations

import linecache
import re
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import Any

from errbridge.introspection import walk_traceback

__all__ = ["REDACTED", "describe_exception", "redact"]

REDACTED = "[redacted]"

_MOST_EXCEPTIONS = 8
_FIRST_FRAMES, _LAST_FRAMES = 8, 16
_MOST_READ, _LONGEST_MESSAGE, _LONGEST_LINE = 8192, 2000, 300

_NAMES = (
    r"passw(?:or)?[dt]|passphrase|passcode|pwd|secret|token|credential|cookie|session|csrf|xsrf|jwt|otp|auth(?!or(?!i))|"
    r"(?:api|access|account|client|encryption|license|master|private|shared|signing|ssh|storage)[ _.-]?key|"
    r"dsn|connection[ _]?string|salt|signature|card[ _]?number|cvv|cvc|iban|ssn|input"  # input: of a validation error
)
# Between a name and its value: ``=``, ``": "``, ``'] = ``, ``>``; or, as in a pair, ``', '``.
_BETWEEN = r"""(?:[\\"'`\])]{0,6}\s{0,8}[=:!<>~]{1,3}\s{0,8}|\\{0,2}["'`]\s{0,8},\s{0,8})"""
_QUOTED = (
    r'[a-z]{0,2}"{3}.*?(?:"{3}|\Z)|'
    r"[a-z]{0,2}'{3}.*?(?:'{3}|\Z)|"
    r'[a-z]{0,2}(?:"(?:[^"\\]|\\.)*(?:"|\\?\Z))+|'
    r"[a-z]{0,2}(?:'(?:[^'\\]|\\.)*(?:'|\\?\Z))+|"
    r"`[^`]*(?:`|\Z)"
)
# The end of a value without quotes is not known: the rest of its line goes, and with a container the rest of the text.
_VALUE = rf"(?:{_QUOTED}|[\[{{(].*|[^\n]*)"
_SECRETS = {
    r"(?s)-----BEGIN [A-Z0-9 ]{0,40}-----.*?(?:-----END [A-Z0-9 ]{0,40}-----|\Z)": REDACTED,
    r"(?i)([a-z][a-z0-9+.-]{0,30}://)\S*@": rf"\1{REDACTED}@",
    r"(?<![\w/])[\w.%+-]{1,64}:(?!//)[^\s@]{1,256}@(?=\w)": f"{REDACTED}@",
    r"(?i)\b(bearer|basic|digest|negotiate|ntlm|token|apikey)\s+[^\s,;'\"]{4,}": rf"\1 {REDACTED}",
    rf"(?is)((?:{_NAMES})[\w.-]{{0,40}}{_BETWEEN}){_VALUE}": rf"\1{REDACTED}",
    r"\.?\beyJ[\w-]{6,}={0,2}(?:\.[\w-]*={0,2})*|\.eJ[\w-]{8,}(?:\.[\w-]*)*": REDACTED,
    r"\b(?:AKIA|ASIA|AIza|gh[pousr]_|github_pat_|glpat-|npm_|hf_|xox[abprs]-|[prsw]k_\w{4}_)[\w-]{8,}": REDACTED,
}
_RANDOM_WORD = (
    r"(?a)(?<![\w-])(?:[0-9a-f]{24,}|[0-9A-F]{24,}|"
    r"(?=[\w-]*[0-9])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{24,})(?![\w-])"
)


def redact(text: str) -> str:
    """Replace in a text what looks like a secret.

    Args:
        text: Any text. A long one is cut at a space: half a secret is not recognised as one.
    """
    if len(text) > _MOST_READ:
        text = re.sub(r"\S*\Z", "", text[:_MOST_READ])
    text = re.sub(_RANDOM_WORD, REDACTED, _redact_secrets(text))
    return re.sub(rf"(?:{re.escape(REDACTED)}){{2,}}", REDACTED, text)  # where several patterns found the same


def _redact_secrets(text: str) -> str:
    for pattern, replacement in _SECRETS.items():
        text = re.sub(pattern, replacement, text)
    return text


def describe_exception(exc: BaseException, hidden: Iterable[str] = ()) -> dict[str, Any]:
    """Describe an exception and those behind it, at most 8 and each once.

    Args:
        exc: Any exception.
        hidden: Packages of the framework. A traceback that begins with their frames is shown without these.

    Returns:
        ``class``, ``message`` and ``traceback`` (``file``, ``line``, ``function`` and ``code``, the oldest call first);
        ``omitted``, the number of frames left out in the middle; ``exceptions`` of a group; ``cause`` or ``context``.
    """
    return _describe(exc, frozenset(hidden), set())


def _describe(exc: BaseException, hidden: frozenset[str], known: set[int]) -> dict[str, Any]:
    known.add(id(exc))
    steps = walk_traceback(exc)
    steps = steps[next((index for index, step in enumerate(steps) if _package(step) not in hidden), 0) :]
    omitted = len(steps) - _FIRST_FRAMES - _LAST_FRAMES
    shown = [*steps[:_FIRST_FRAMES], *steps[-_LAST_FRAMES:]] if omitted > 0 else steps
    member: dict[str, Any] = {
        "class": _cut(_redact_secrets(f"{type(exc).__module__}.{type(exc).__qualname__}".removeprefix("builtins."))),
        "message": _message(exc),
        "traceback": [_place(step) for step in shown],
    }
    if omitted > 0:
        member["omitted"] = omitted

    def is_new(other: BaseException | None) -> bool:
        return other is not None and id(other) not in known and len(known) < _MOST_EXCEPTIONS

    if issubclass(type(exc), BaseExceptionGroup):
        others = _get(exc, "exceptions", BaseExceptionGroup)
        member["exceptions"] = [_describe(other, hidden, known) for other in others if is_new(other)]
    is_caused = _get(exc, "__cause__") is not None or _get(exc, "__suppress_context__")
    kind = "cause" if is_caused else "context"
    if is_new(before := _get(exc, f"__{kind}__")):
        member[kind] = _describe(before, hidden, known)
    return member


def _get(exc: BaseException, name: str, cls: type[BaseException] = BaseException) -> Any:
    """Read an attribute by its descriptor; the exception's own class may define another, or ``__getattribute__``."""
    return vars(cls)[name].__get__(exc)


def _message(exc: BaseException) -> str:
    try:
        text = str.__str__(str(exc))  # plain, even if the exception returns a subclass of str
    except Exception as error:
        return f"(no text: {type(error).__name__} was raised)"
    return _cut(redact(text), _LONGEST_MESSAGE)


def _package(step: TracebackType) -> str:
    return str(step.tb_frame.f_globals.get("__name__")).partition(".")[0]


def _place(step: TracebackType) -> dict[str, Any]:
    code, source = step.tb_frame.f_code, ""
    with suppress(Exception):  # the loader of a module may raise anything
        source = linecache.getline(code.co_filename, step.tb_lineno, step.tb_frame.f_globals).strip()
    return {
        "file": _cut(redact(code.co_filename)),
        "line": step.tb_lineno,
        "function": _cut(_redact_secrets(code.co_qualname)),
        "code": _cut(redact(source)),
    }


def _cut(text: str, length: int = _LONGEST_LINE) -> str:
    return text if len(text) <= length else f"{text[:length]}\u2026"
