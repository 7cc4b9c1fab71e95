"""Make the catalogues of errbridge's messages: the template, the .po files that translators edit, the .mo files.

``python .ci/catalogues.py`` after a message has changed, and after a translation has: it collects the messages, puts
them in each .po file, where a new one is empty and one that is gone is left out, and compiles. It needs Babel.
"""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

import errbridge
from errbridge.application.settings import DEFAULTS
from errbridge.http.status import PHRASES
from errbridge.languages.catalogues import DOMAIN, FOLDER, LANGUAGES
from errbridge.representations.words import LABELS, OTHER_CLIENT, WORDS
from errbridge.validation import faults

SOURCES = Path(errbridge.__file__).parent


def list_messages() -> Iterator[str | tuple[str, str]]:
    """List the messages; those that depend on a number as singular and plural."""
    yield from (*PHRASES.values(), "Client Error", "Server Error")
    for words in (*WORDS.values(), OTHER_CLIENT):
        yield from filter(None, (words.heading, words.hint, words.retry))
    yield from LABELS.values()
    yield from (*faults.WORDS.values(), *dict.fromkeys(faults.EXPECTED.values()), *faults.SYNTAX.values())
    yield DEFAULTS["ERROR_DEFAULT_MSG"]
    for path in sorted(SOURCES.rglob("*.py")):
        yield from find_messages(path.read_text(encoding="utf-8"))


def find_messages(code: str) -> Iterator[str | tuple[str, str]]:
    """Find the messages that are written as ``Message("...")``."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Message":
            texts = [each.value for each in node.args if isinstance(each, ast.Constant)]
            if texts:
                yield tuple(texts) if len(texts) == 2 else texts[0]


def build_template() -> Catalog:
    """Collect the messages."""
    catalog = Catalog(project="errbridge", version="", copyright_holder="errbridge contributors", charset="utf-8")
    for message in list_messages():
        catalog.add(message)
    return catalog


def path_of(tag: str, kind: str) -> Path:
    """Return where the file of a language is."""
    return FOLDER / tag.replace("-", "_") / "LC_MESSAGES" / f"{DOMAIN}.{kind}"


def read_catalogue(tag: str) -> Catalog:
    """Read the .po file of a language."""
    return read_po(io.BytesIO(path_of(tag, "po").read_bytes()), locale=tag.replace("-", "_"))


# Of the header: what differs from one run to the next, and what no translation needs.
_LEFT_OUT = tuple(
    f'"{name}'.encode()
    for name in ("POT-Creation", "PO-Revision", "Generated", "Project-Id", "Report-M", "Last-T", "Language-T")
)


def write(catalog: Catalog, path: Path) -> None:
    """Write a template or a .po file; the same messages make the same bytes."""
    buffer = io.BytesIO()
    catalog.header_comment = "# The words of errbridge. The file is made by .ci/catalogues.py; edit the translations."
    catalog.fuzzy = False
    write_po(buffer, catalog, width=120, no_location=True, omit_header=False, ignore_obsolete=True)
    lines = (line for line in buffer.getvalue().splitlines() if not line.startswith(_LEFT_OUT))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\n".join(lines) + b"\n")


def compile_catalogue(tag: str) -> bytes:
    """Compile the .po file of a language."""
    catalog = read_catalogue(tag)
    catalog.creation_date = catalog.revision_date = datetime(2026, 1, 1, tzinfo=UTC)  # the same bytes each time
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def main() -> None:
    """Bring everything up to date."""
    template = build_template()
    write(template, FOLDER / f"{DOMAIN}.pot")
    for tag in LANGUAGES:
        catalog = read_catalogue(tag)
        catalog.update(template, no_fuzzy_matching=True)
        write(catalog, path_of(tag, "po"))
        path_of(tag, "mo").write_bytes(compile_catalogue(tag))


if __name__ == "__main__":
    main()
