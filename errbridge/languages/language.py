"""What errbridge says to clients, and the languages in which a service says it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from gettext import NullTranslations
from typing import Any, Self

from errbridge.log import log

__all__ = ["ENGLISH", "SHORT", "Language", "Message", "fill_in", "find_names", "is_usable"]

_NAME = re.compile(r"\{(\w+)\}")


def fill_in(sentence: str, values: Mapping[str, object]) -> str:
    """Replace the names in braces that have a value."""
    return _NAME.sub(lambda name: str(values.get(name[1], name[0])), sentence)


def find_names(sentence: str) -> set[str]:
    """Find the names in braces."""
    return set(_NAME.findall(sentence))


@lru_cache(maxsize=1024)
def is_usable(translation: str, sentence: str) -> bool:
    """Return whether a translation has no names in braces but those of the sentence; log one that has, once."""
    unknown = find_names(translation) - find_names(sentence)
    for name in sorted(unknown):
        log.error(
            "the translation %r of %r names {%s}, which has no value; it is not used", translation, sentence, name
        )
    return not unknown


class Message(str):
    """A sentence of errbridge's own. It is English text; a `Language` translates it before it fills in the values.

    ``.ci/catalogues.py`` collects the sentences, so write them as literals, with the names of values in braces. The
    plural is the form for any ``count`` other than 1, if the sentence depends on one.
    """

    __slots__ = ("_plural", "_sentence", "_values")
    _plural: str
    _sentence: str
    _values: Mapping[str, Any]

    def __new__(cls, sentence: str, plural: str = "", **values: Any) -> Self:
        message = super().__new__(cls, fill_in(plural if plural and values["count"] != 1 else sentence, values))
        message._sentence, message._plural, message._values = sentence, plural, values
        return message

    def write(self, gettext: Callable[[str], str], ngettext: Callable[[str, str, int], str]) -> str:
        """Write the message in the language of a catalogue."""
        sentence, plural = self._sentence, self._plural
        written = ngettext(sentence, plural, self._values["count"]) if plural else gettext(sentence)
        return fill_in(written, self._values) if is_usable(written, plural or sentence) else str(self)


_REMEMBERED = 1024
SHORT = 256
"""The most characters of a text that is remembered: it may be a client's."""

# The languages that are written from right to left, in scripts of their own.
_RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "iw", "ks", "ps", "sd", "ug", "ur", "yi"})


class Language:
    """A language. As text, its tag."""

    __slots__ = ("_catalogue", "direction", "is_negotiated", "look_up", "tag")

    def __init__(self, tag: str, catalogue: NullTranslations | None = None, *, is_negotiated: bool = False) -> None:
        self.tag = tag  # BCP 47, such as ``pt-BR``
        self.direction = "rtl" if tag.partition("-")[0].lower() in _RIGHT_TO_LEFT else "ltr"
        self.is_negotiated = is_negotiated  # whether the service has other languages as well
        self._catalogue = catalogue or NullTranslations()
        # For a text that is no `Message`, is not empty, and at most `SHORT`: gettext is slow for what it does not have.
        self.look_up = lru_cache(_REMEMBERED)(self._catalogue.gettext)

    def translate(self, message: str) -> str:
        """Return the translation of a message, or the message itself if there is none."""
        if message.__class__ is str and 0 < len(message) <= SHORT:
            return self.look_up(message)
        if isinstance(message, Message):
            return message.write(self._catalogue.gettext, self._catalogue.ngettext)
        return self._catalogue.gettext(message) if message else ""  # the empty message is the catalogue's header

    def __str__(self) -> str:
        return self.tag

    def __reduce__(self) -> tuple[Any, ...]:
        return Language, (self.tag,)  # a catalogue has a function for its plurals


ENGLISH = Language("en")
"""The language of a service without ``ERROR_LANGUAGES``."""
