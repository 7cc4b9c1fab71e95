"""What errbridge says to clients: sentences that can be translated, with the values in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Self

__all__ = ["Message", "fill_in"]


def fill_in(sentence: str, values: Mapping[str, object]) -> str:
    """Replace the names in braces that have a value."""
    return re.sub(r"\{(\w+)\}", lambda name: str(values.get(name[1], name[0])), sentence)


class Message(str):
    """A sentence of errbridge's own. It is English text; a `Language` translates it before it fills in the values.

    ``.ci/catalogues.py`` collects the sentences, so write them as literals.

    Args:
        sentence: The sentence, with the names of values in braces.
        plural: Its form for any ``count`` other than 1, if it depends on one.
        **values: The values.
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
        if self._plural:
            return fill_in(ngettext(self._sentence, self._plural, self._values["count"]), self._values)
        return fill_in(gettext(self._sentence), self._values)
