"""Keep the prose plain: find idioms that make a reader stop, in documentation, docstrings, comments and messages.

``python .ci/prose.py`` checks this project and fails at the first file with a finding. ``python .ci/prose.py count
FOLDER...`` counts the same idioms, and how often the reader is addressed, in any other project, per 10,000 words.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

IDIOMS = re.compile(
    r"(?i:\b(?:whoever|whomever|nobody|somebody|anew|likewise|hence|thereof|tells?|told|telling|stands?|stood|but for|"
    r"of (?:which|whom|whose)|whose is|what (?:is|was) (?:said|given|told|asked|sent)|is none of|none the less)\b)"
    r"|(?:^|(?<=[.] ))Of (?:a|an|the|each|all|several|two|those|these) [^.,:]{1,40},"
)
PAGES = re.compile(r"\b(?:error answers?|(?:is|are|be|was|were|not) (?:answered|asked)|answers? with)\b", re.IGNORECASE)
"""Of documentation alone: a client gets a response, and handlers are called."""
YOU = re.compile(r"\byou(?:r|rs|rself)?\b", re.IGNORECASE)
FENCE = re.compile(r"^(```|~~~|:::).*?^\1", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"``.*?``|`[^`\n]*`|<[^>\n]*>|https?://\S+", re.DOTALL)
OURS = (
    "errbridge",
    "errbridge_flask",
    "errbridge_quart",
    "errbridge_pytest.py",
    "docs",
    "examples",
    "tests",
    "benchmarks",
    "noxfile.py",
    ".ci",
)
OURS_AT_THE_TOP = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")


def read_prose(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of prose of a file with their numbers: of Python, the docstrings and the comments."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix != ".py":
        plain = FENCE.sub(lambda found: "\n" * found[0].count("\n"), text)
        yield from enumerate(plain.splitlines(), 1)
        return
    try:
        tree = ast.parse(text)
    except SyntaxError:  # of another version of Python
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            for offset, line in enumerate(node.value.value.splitlines()):
                if not line.lstrip().startswith((">>>", "...")):
                    yield node.lineno + offset, line
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("#: ")


def list_files(folders: list[Path]) -> Iterator[Path]:
    """List the Markdown, reStructuredText and Python files of folders, and files as they are."""
    for folder in folders:
        files = [folder] if folder.is_file() else sorted(folder.rglob("*"))
        yield from (file for file in files if file.suffix in (".md", ".rst", ".py") and file.is_file())


def count(folder: Path) -> str:
    """Describe the prose of a folder: words, idioms and "you" per 10,000 words."""
    words = idioms = addressed = 0
    for file in list_files([folder]):
        for _, raw in read_prose(file):
            line = CODE.sub("", raw)
            words += len(re.findall(r"[A-Za-z']+", line))
            idioms += len(IDIOMS.findall(line))
            addressed += len(YOU.findall(line))
    each = 10_000 / max(words, 1)
    return f"{folder}: {words} words, idioms {idioms * each:.1f}, you {addressed * each:.0f} per 10,000"


def check() -> int:
    """Print every idiom in this project and return how many there are."""
    root = Path(__file__).resolve().parent.parent
    findings = 0
    for file in list_files([root / name for name in (*OURS, *OURS_AT_THE_TOP)]):
        if file == Path(__file__).resolve():
            continue
        pages = PAGES.finditer if file.suffix == ".md" and file.name != "CHANGELOG.md" else lambda line: ()
        for number, line in read_prose(file):
            plain = CODE.sub("", line)
            for found in (*IDIOMS.finditer(plain), *pages(plain)):
                findings += 1
                print(f"{file.relative_to(root)}:{number}: {found[0]!r}: {line.strip()}")
    return findings


if __name__ == "__main__":
    if sys.argv[1:2] == ["count"]:
        print("\n".join(count(Path(folder)) for folder in sys.argv[2:]))
    else:
        sys.exit(f"{findings} idioms" if (findings := check()) else 0)
