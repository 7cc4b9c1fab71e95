"""What errbridge says to clients: sentences that can be translated, with the values in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Self

from errbridge.log import log

__all__ = ["Message", "fill_in", "find_names", "is_usable"]

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
