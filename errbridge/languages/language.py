"""A language that a service speaks, with its catalogue of messages."""

from __future__ import annotations

from functools import lru_cache
from gettext import NullTranslations
from typing import Any

from errbridge.languages.message import Message

__all__ = ["ENGLISH", "SHORT", "Language"]

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
