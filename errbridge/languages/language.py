"""A language that a service speaks, and the words that errbridge has in it."""

from __future__ import annotations

__all__ = ["ENGLISH", "Language"]


class Language:
    """A language.

    Args:
        tag: Its tag (BCP 47), such as ``pt-BR``.

    Attributes:
        tag: Its tag.
        direction: ``ltr``, or ``rtl`` for a language that is written from right to left.
    """

    __slots__ = ("direction", "tag")

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.direction = "ltr"

    def translate(self, message: str) -> str:
        """Return the translation of a message, or the message itself if there is none."""
        return message

    def count(self, singular: str, plural: str, number: int) -> str:
        """Return the translation of a message that depends on a number, with the number in it."""
        return (singular if number == 1 else plural).replace("{count}", str(number))

    def __str__(self) -> str:
        return self.tag


ENGLISH = Language("en")
"""The language of a service without ``ERROR_LANGUAGES``."""
