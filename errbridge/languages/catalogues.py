"""The catalogues of messages: errbridge's own, and those of the application.

A message is looked up in this order:

1. in the application's catalogue with the domain ``errbridge``, which changes words of errbridge, or adds a language,
2. in errbridge's own catalogue,
3. in the application's other catalogues, for its problem types.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from gettext import NullTranslations, translation
from pathlib import Path

from errbridge.http.language import lookup_language
from errbridge.languages.language import ENGLISH, Language

__all__ = ["DOMAIN", "FOLDER", "LANGUAGES", "load_languages"]

log = logging.getLogger("errbridge")

DOMAIN = "errbridge"
FOLDER = Path(__file__).with_name("locales")

LANGUAGES = (
    "ar", "de", "es", "fr", "he", "hi", "it", "ja", "ko", "nl", "pl", "pt", "ru", "tr", "uk", "zh-Hans", "zh-Hant",
)  # fmt: skip
"""The languages with a catalogue of errbridge's; English needs none."""


def load_languages(tags: Sequence[str], catalogues: Iterable[tuple[str, str]]) -> tuple[Language, ...]:
    """Load the languages of a service.

    Args:
        tags: Their tags.
        catalogues: The domains and folders of the application's catalogues.
    """
    if tuple(tags) == (ENGLISH.tag,):
        return (ENGLISH,)
    found = tuple(catalogues)
    return tuple(Language(tag, _load(tag, found), is_negotiated=len(tags) > 1) for tag in tags)


def _load(tag: str, catalogues: tuple[tuple[str, str], ...]) -> NullTranslations:
    own = lookup_language(tag, ("en", *LANGUAGES))
    chain = NullTranslations()
    for domain, folder, name in (
        *((DOMAIN, folder, tag) for folder in dict.fromkeys(folder for _, folder in catalogues)),
        *(((DOMAIN, str(FOLDER), own),) if own not in (None, "en") else ()),
        *((domain, folder, tag) for domain, folder in catalogues),
    ):
        try:
            chain.add_fallback(translation(domain, folder, [name.replace("-", "_")], fallback=True))
        except Exception:
            log.exception("the catalogue %r of %s in %s cannot be read; it is left out", domain, name, folder)
    return chain
