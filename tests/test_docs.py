"""Every block of code in the README and the documentation is run, and what the pages show is what happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs import tabs
from tests.pages import PAGES, PageError, blocks_of, carry_out, carry_out_text
from tests.servers import ROOT

pytestmark = [pytest.mark.servers, pytest.mark.docs, pytest.mark.slow]

APP = """\
```python
from flask import Flask

app = Flask("app")

@app.get("/")
def index():
    return {"answer": 42}
```
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", PAGES)
def test_a_page_does_what_it_says(page: str, folder: Path) -> None:
    carry_out(page, folder)


@pytest.mark.parametrize("page", [page for page in PAGES if tabs.MARKED.search((ROOT / page).read_text())])
def test_a_page_with_tabs_does_in_quart_what_it_does_in_flask(page: str, folder: Path) -> None:
    carry_out_text(tabs.choose_quart((ROOT / page).read_text()), page, folder)


def said(text: str, folder: Path) -> None:
    carry_out_text(text, "page.md", folder)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("```python\n\nassert False\n```\n", "page.md:2: AssertionError"),
        ("```nginx\nlisten 80;\n```\n", "a block of nginx that nothing runs"),
        ("```\nwords\n```\n", "a block of no language that nothing runs"),
        ("<!-- not run: -->\n```sh\npip install x\n```\n", "say why"),
        ("`a.py`:\n\n<!-- file: a.py -->\nwords\n", "no block below it"),
        ("Words.\n\n<!-- file: a.py -->\n```python\n```\n", "readers do not see that the block is a.py"),
        ("`a.py`.\n\nMore:\n\n<!-- add to: a.py -->\n```python\n```\n", "readers do not see that the block is a.py"),
        ("```python\npass\n", "no end"),
        ("<!-- quart -->\n```python\npass\n```\n", "a second tab, but no first one"),
        ("```json\n{\n```\n", "JSONDecodeError"),
        ("```sh\nfalse\n```\n", "ended with 1"),
        ("```console\n$ echo a\nb\n```\n", "answered:\na"),
        ("```console\necho a\n```\n", "begins with a command"),
        ("<!-- logged -->\n```text\na\n```\n", "'a' was not logged"),
        ("```pycon\n>>> 1 + 1\n3\n```\n", "Expected:\n    3\nGot:\n    2"),
        ("```console\n$ curl http://127.0.0.1:5000/\n```\n", "neither a server nor an app"),
        (f"{APP}```console\n$ curl http://127.0.0.1:5000/ | sort\n```\n", "no pipe that the tests know"),
        (f'{APP}```console\n$ curl http://127.0.0.1:5000/\n{{"answer":43}}\n```\n', '{"answer":42}'),
        (f"{APP}```console\n$ curl -i http://127.0.0.1:5000/\nHTTP/1.1 404\n\n...\n```\n", "HTTP/1.1 200 OK"),
        (f"{APP}```console\n$ curl -i http://127.0.0.1:5000/\nHTTP/1.1 200\nX-A: b\n\n...\n```\n", "HTTP/1.1 200 OK"),
    ],
)
def test_a_page_that_says_something_wrong_is_found_out(text: str, complaint: str, folder: Path) -> None:
    with pytest.raises(PageError) as raised:
        said(text, folder)
    assert complaint in str(raised.value)


def test_the_blocks_of_a_page_share_what_they_define_until_one_is_alone(folder: Path) -> None:
    said("<!-- given:\nx = 1\n-->\n```python\ny = x\n```\n```pycon\n>>> y\n1\n```\n", folder)
    said("```python\ny = 1\n```\n<!-- alone -->\n```python\nassert 'y' not in globals()\n```\n", folder)


def test_a_file_that_a_page_writes_can_be_imported_and_is_forgotten_afterwards(folder: Path) -> None:
    for value in ("1", "22"):
        text = f"`written_by_page.py`:\n\n<!-- file: written_by_page.py -->\n```python\nx = {value}\n```\n"
        said(f"{text}```python\nfrom written_by_page import x\nassert x == {value}\n```\n", folder)


def test_an_app_is_asked_as_curl_would_ask_it(folder: Path) -> None:
    answer = '$ curl -i http://127.0.0.1:5000/\nHTTP/1.1 200 OK\nContent-Type: application/json\n\n{"answer":...}\n'
    pretty = '$ curl -s http://127.0.0.1:5000/ | python3 -m json.tool\n{\n    "answer": 42\n}\n'
    said(f"{APP}```console\n{answer}\n{pretty}```\n", folder)


def test_a_block_is_found_with_its_line_in_a_list_and_in_a_longer_fence() -> None:
    text = "# Title\n\n* item\n\n  ```python\n  if x:\n      y\n  ```\n\n````sh\n```\n````\n"
    found = [(block.language, block.text, block.line) for block in blocks_of(text)]
    assert found == [("python", "if x:\n    y\n", 6), ("sh", "```\n", 11)]
