"""The catalogues of messages: errbridge's own, and those of the application.

A message is looked up in this order:

1. in the application's catalogue with the domain ``errbridge``, which changes words of errbridge, or adds a language,
2. in errbridge's own catalogue,
3. in the application's other catalogues, for its problem types.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from functools import cache
from gettext import GNUTranslations, NullTranslations, find, translation
from io import BytesIO
from pathlib import Path

from errbridge.files import read_file
from errbridge.http.language import lookup_language
from errbridge.languages.language import ENGLISH, Language
from errbridge.log import log

__all__ = ["DOMAIN", "FOLDER", "LANGUAGES", "find_faults", "load_languages"]

DOMAIN = "errbridge"
FOLDER = Path(__file__).with_name("locales")

LANGUAGES = (
    "ar", "de", "es", "fr", "he", "hi", "it", "ja", "ko", "nl", "pl", "pt", "ru", "tr", "uk", "zh-Hans", "zh-Hant",
)  # fmt: skip
"""The languages with a catalogue of errbridge's; English needs none."""


def load_languages(tags: Sequence[str], catalogues: Iterable[tuple[str, str]]) -> tuple[Language, ...]:
    """Load the languages of a service, by the domains and folders of the application's catalogues."""
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
            code = name.replace("-", "_")
            is_own = folder == str(FOLDER)
            chain.add_fallback(copy(_read(code)) if is_own else translation(domain, folder, [code], fallback=True))
        except Exception:
            log.exception("the catalogue %r of %s in %s cannot be read; it is left out", domain, name, folder)
    return chain


@cache
def _read(code: str) -> NullTranslations:
    return GNUTranslations(BytesIO(read_file("languages", "locales", code, "LC_MESSAGES", f"{DOMAIN}.mo")))


_MOMENT = 5
"""Seconds within which a tool such as git writes the files of one folder, in any order."""


def find_faults(tags: Sequence[str], catalogues: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Find the languages without a catalogue, and the catalogues that have to be compiled."""
    found = tuple(catalogues)
    folders = tuple(dict.fromkeys(folder for _, folder in found))
    for tag in tags if tuple(tags) != (ENGLISH.tag,) else ():
        name, is_known = tag.replace("-", "_"), lookup_language(tag, ("en", *LANGUAGES)) is not None
        for domain, folder in dict.fromkeys((*((DOMAIN, folder) for folder in folders), *found)):
            compiled = find(domain, folder, [name])
            source = Path(compiled or Path(folder, name, "LC_MESSAGES", f"{domain}.mo")).with_suffix(".po")
            is_known = is_known or compiled is not None or source.exists()
            if source.exists() and not (compiled and source.stat().st_mtime < Path(compiled).stat().st_mtime + _MOMENT):
                why = "is newer than the .mo file beside it" if compiled else "has no .mo file beside it"
                yield f"{source} {why}, which is what errbridge reads; run pybabel compile -d {folder} -D {domain}"
        if not is_known:
            folder = next(iter(folders), "translations")
            yield (
                f"there is no catalogue for {tag!r} of ERROR_LANGUAGES, so its responses are in English; errbridge has "
                f"{', '.join(('en', *LANGUAGES))}; or write {Path(folder, name, 'LC_MESSAGES', DOMAIN)}.po and run "
                f"pybabel compile -d {folder} -D {DOMAIN}"
            )
