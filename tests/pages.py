"""Pages of the documentation, carried out as a reader would.

Their code runs, their files are written, their servers are started and asked, and what they show is compared.

A page is one session in an empty folder, from its first block to its last:

* ``python``: runs, after the blocks before it, in one module.
* ``pycon``: run as well, and its output is compared.
* ``console``, ``sh``: each command runs in the folder; what ``console`` shows below a command (a line with ``$``) is
  compared. A line of curl asks the server that runs, else the ``app`` of the module.
* ``json``: has to be JSON.
* ``{directive}``: is for Sphinx, which complains itself.

A comment on the lines before a block changes that:

* ``<!-- file: app.py -->``: the block is written to that file of the folder instead.
* ``<!-- add to: app.py -->``: it is added to the end of that file. As readers see no comments, the paragraph before it
  has to name the file, for both.
* ``<!-- serve -->``: the command is a server, which runs until the page starts the next one.
* ``<!-- logged -->``: the server has printed these lines by now.
* ``<!-- alone -->``: the block runs in a module of its own, which the blocks after it share.
* ``<!-- tabs -->``: the block is for Flask, and the page shows it for Quart too; the page is carried out for both.
* ``<!-- quart -->``: the block is the second tab of the one before it.
* ``<!-- not run: why -->``: it can't be run here, and why.
* ``<!-- command: ... -->``, ``<!-- demo: ... -->``: `.ci/run` and the tests of the demo run it.

Every other block without such a comment is an error. What a page takes for granted without showing it, an application
that the reader has, is Python in a comment, ``<!-- given: ... -->``.

In output, ``...`` matches anything. Of the headers in an answer to ``curl -i`` a page may leave out some.
"""

from __future__ import annotations

import asyncio
import doctest
import gc
import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx

from errbridge.asgi.applications import Wsgi, recognise
from tests.servers import DEADLINE, ROOT, Server, as_typed, environment, request_of, serving

__all__ = ["PAGES", "Block", "PageError", "blocks_of", "carry_out"]

PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md")
    for path in ROOT.glob(pattern)
)

_ELSEWHERE = {"command", "demo"}
_WRITTEN = {"add to", "file"}
_MARKS = {"alone", "logged", "not run", "quart", "serve", "tabs", *_ELSEWHERE, *_WRITTEN}
_COMMENT = re.compile(r"^[ ]*<!--\s*(?P<name>[a-z ]+?)\s*(?::\s*(?P<value>.*?))?\s*-->[ ]*\n", re.MULTILINE | re.DOTALL)
_FENCE = re.compile(r"^(?P<indent>[ ]*)(?P<fence>`{3,})(?P<language>[\w{}-]*)[^\n]*\n", re.MULTILINE)


class PageError(AssertionError):
    """What a page says is not so."""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page, or Python that the page takes for granted.

    Attributes:
        language: As the fence says; ``given`` for what is not shown.
        text: What is in it.
        line: The number of its first line.
        marks: The comments before it.
    """

    language: str
    text: str
    line: int
    marks: dict[str, str]


def blocks_of(text: str) -> Iterator[Block]:
    """Yield the blocks of a page in order.

    Raises:
        PageError: A comment is followed by no block, a fence has no end, or a file has a name that readers do not see.
    """
    position = 0
    marks: dict[str, str] = {}
    while position < len(text):
        if fence := _FENCE.match(text, position):
            first = fence.end()
            last = re.compile(rf"^[ ]*{fence['fence']}[ ]*$", re.MULTILINE).search(text, first)
            line = text.count("\n", 0, first) + 1
            if last is None:
                raise PageError(f"{line}: the block has no end")
            body = re.sub(rf"^{fence['indent']}", "", text[first : last.start()], flags=re.MULTILINE)
            yield Block(fence["language"], body, line, marks)
            marks, position = {}, last.end() + 1
        elif comment := _COMMENT.match(text, position):
            line = text.count("\n", 0, comment.start("value")) + 1
            if comment["name"] == "given":
                yield Block("given", f"{comment['value']}\n", line, {})
            elif comment["name"] in _MARKS:
                marks = {**marks, comment["name"]: comment["value"] or ""}
                if comment["name"] in _WRITTEN and f"`{comment['value']}`" not in _paragraph_before(text, position):
                    raise PageError(f"{line}: readers do not see that the block is {comment['value']}")
            position = comment.end()
        else:
            end = text.find("\n", position)
            position = len(text) if end < 0 else end + 1
            if marks:
                raise PageError(f"{text.count(chr(10), 0, position)}: a comment, but no block below it")


def _paragraph_before(text: str, position: int) -> str:
    """Return the paragraph above a comment."""
    return text[:position].rstrip().rpartition("\n\n")[2]


def carry_out(page: str, folder: Path) -> None:
    """Do what a page of the repository says.

    Args:
        page: Its path in the repository.
        folder: An empty folder, which is the current one and where Python looks for modules.

    Raises:
        PageError: Something is not as the page says.
    """
    carry_out_text((ROOT / page).read_text(), page, folder)


def carry_out_text(text: str, page: str, folder: Path) -> None:
    """Do what a text says, as if it were a page; see `carry_out`."""
    with ExitStack() as stack:
        session = _Session(page, folder, stack)
        for block in blocks_of(text):
            try:
                session.do(block)
            except PageError as error:
                raise PageError(f"{page}:{block.line}: {error}") from None
            except Exception as error:
                raise PageError(f"{page}:{block.line}: {type(error).__name__}: {error}") from error
        del session
    gc.collect()  # the problem types of this page, which a catalogue of the next one would find


class _Session:
    """What a page has done so far."""

    def __init__(self, page: str, folder: Path, stack: ExitStack) -> None:
        self._page = page
        self._folder = folder
        self._stack = stack
        self._server: Server | None = None
        self._ending = stack.enter_context(ExitStack())
        self._number = 0
        self._tabs = False
        self._module = self._new_module()
        stack.callback(_purge, folder)
        stack.callback(_restore_logging, *_logging())

    def do(self, block: Block) -> None:
        tabs, self._tabs = self._tabs, "tabs" in block.marks
        if "quart" in block.marks:
            if not tabs:
                raise PageError("a second tab, but no first one")
            return
        if "not run" in block.marks:
            if not block.marks["not run"]:
                raise PageError("say why it is not run")
        elif "file" in block.marks:
            path = self._folder / block.marks["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
        elif "add to" in block.marks:
            with (self._folder / block.marks["add to"]).open("a") as file:
                file.write(f"\n\n{block.text}")
        elif "logged" in block.marks:
            self._find_in_log(block)
        elif "serve" in block.marks:
            self._serve(block)
        elif not _ELSEWHERE & block.marks.keys() and not block.language.startswith("{"):
            doing = _DOING.get(block.language)
            if doing is None:
                raise PageError(f"a block of {block.language or 'no language'} that nothing runs; mark it, or say why")
            doing(self, block)

    def _new_module(self) -> ModuleType:
        self._number += 1
        module = ModuleType(re.sub(r"\W", "_", f"page_{self._page}_{self._number}"))
        del module.__spec__  # of a None, Python 3.15 warns when it formats a traceback
        sys.modules[module.__name__] = module  # where typing looks for the names in annotations
        self._stack.callback(sys.modules.pop, module.__name__)
        return module

    def _python(self, block: Block) -> None:
        if "alone" in block.marks:
            self._module = self._new_module()
        # As many lines before it as in the page, so that a traceback names the line of the page.
        code = compile("\n" * (block.line - 1) + block.text, ROOT / self._page, "exec", dont_inherit=True)
        exec(code, vars(self._module))

    def _pycon(self, block: Block) -> None:
        examples = doctest.DocTestParser().get_doctest(block.text, {}, self._page, self._page, block.line - 1)
        examples.globs = vars(self._module)
        said: list[str] = []
        doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(examples, out=said.append, clear_globs=False)
        if said:
            raise PageError("".join(said))

    def _console(self, block: Block) -> None:
        for line, shown in _transcript(block.text):
            got = self._curl(line) if line.startswith("curl ") else self._run(line)
            _compare(line, shown, got)

    def _sh(self, block: Block) -> None:
        for line in filter(None, block.text.splitlines()):
            self._run(line)

    def _json(self, block: Block) -> None:
        json.loads(block.text)

    def _run(self, line: str) -> str:
        done = subprocess.run(
            line,
            shell=True,
            cwd=self._folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        if done.returncode:
            raise PageError(f"{line} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def _serve(self, block: Block) -> None:
        self._ending.close()
        command = as_typed(block.text.strip().removeprefix("$ "))
        log = self._folder / "server.log"
        self._server = self._ending.enter_context(serving(command, log, cwd=self._folder))

    def _find_in_log(self, block: Block) -> None:
        printed = "" if self._server is None else self._server.output
        for line in block.text.splitlines():
            if not any(_alike(line, found) for found in printed.splitlines()):
                raise PageError(f"{line!r} was not logged:\n{printed}")

    def _curl(self, line: str) -> str:
        asked, _, piped = line.partition(" | ")
        response = self._answer(asked)
        if piped == "python3 -m json.tool":
            return json.dumps(json.loads(response.text), indent=4) + "\n"
        if piped:
            raise PageError(f"{piped!r} is no pipe that the tests know")
        if not re.search(r"^curl( \S+)*? -[s]*(i|I)", line):
            return response.text
        status = f"HTTP/1.1 {response.status_code} {response.reason_phrase}".strip()
        headers = "".join(f"{name}: {value}\n" for name, value in response.headers.multi_items())
        return f"{status}\n{headers}\n{response.text}"

    def _answer(self, line: str) -> httpx.Response:
        if self._server is not None:
            return self._server.curl(line)
        app: Any = vars(self._module).get("app")
        if app is None:
            raise PageError("there is neither a server nor an app to ask")
        request = request_of(line)
        if isinstance(recognise(app), Wsgi):
            with httpx.Client(transport=httpx.WSGITransport(app, raise_app_exceptions=False)) as client:
                response = client.send(request)
            if hasattr(app, "_got_first_request"):  # a reader who adds a view to a Flask app starts it again
                app._got_first_request = False
            return response
        return asyncio.run(_ask(app, request))


_DOING = {
    "console": _Session._console,
    "given": _Session._python,
    "json": _Session._json,
    "pycon": _Session._pycon,
    "python": _Session._python,
    "sh": _Session._sh,
}


async def _ask(app: Any, request: httpx.Request) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False)) as client:
        return await client.send(request)


def _transcript(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command with what is shown below it; a backslash continues a command."""
    first, *entries = re.split(r"^\$ ", text, flags=re.MULTILINE)
    if first.strip():
        raise PageError("a console block begins with a command: $ ...")
    for entry in entries:
        line, _, shown = entry.replace("\\\n", " ").partition("\n")
        yield re.sub(r"  +", " ", line.strip()), shown


def _compare(line: str, shown: str, got: str) -> None:
    shown, got = shown.strip(), got.strip()
    if not shown:
        return
    if shown.startswith("HTTP/1.1 "):
        head, _, body = shown.partition("\n\n")
        got_head, _, got_body = got.partition("\n\n")
        status, *headers = head.splitlines()
        got_status, *got_headers = got_head.splitlines()
        known = [header.lower() for header in got_headers]
        missing = [header for header in headers if not any(map(partial(_alike, header.lower()), known))]
        # The reason phrase means nothing; Werkzeug's server writes it in capitals, others leave it out.
        same = got_status.split()[:2] == status.split()[:2]
        right = same and not missing and _alike(body.strip(), got_body.strip())
    else:
        right = _alike(shown, got)
    if not right:
        raise PageError(f"$ {line}\nshown:\n{shown}\n\nanswered:\n{got}")


def _alike(shown: str, got: str) -> bool:
    pattern = ".*".join(re.escape(part) for part in shown.split("..."))
    return re.fullmatch(pattern, got, re.DOTALL) is not None


def _purge(folder: Path) -> None:
    """Forget the modules that a page wrote; the next page may have some of the same names."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file is not None and Path(file).is_relative_to(folder):
            del sys.modules[name]


def _logging() -> tuple[int, list[logging.Handler], int]:
    return logging.root.level, list(logging.root.handlers), logging.getLogger("errbridge").level


def _restore_logging(level: int, handlers: list[logging.Handler], of_errbridge: int) -> None:
    logging.root.setLevel(level)
    logging.root.handlers[:] = handlers
    logging.getLogger("errbridge").setLevel(of_errbridge)
