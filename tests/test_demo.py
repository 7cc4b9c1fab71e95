"""The demo starts, ends on Ctrl-C, and every curl line that it prints gives what the README says, on both sides."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from examples.demo import tour
from tests.clients import OCCURRENCE
from tests.servers import DEADLINE, ROOT, module, start

pytestmark = pytest.mark.servers

PROBLEM = "application/problem+json"
XML = "application/problem+xml"
PAGE = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"

# Method, path on each side, Accept -> status, content type, what the body contains.
EXPECTED: dict[tuple[str, str, str | None], tuple[int, str, str]] = {
    ("GET", "/api/", None): (500, PROBLEM, '"detail":"Error from api blueprint"'),
    ("GET", "/api/", XML): (500, XML, "<detail>Error from api blueprint</detail>"),
    ("GET", "/web/", None): (500, PAGE, "Error from web blueprint"),
    ("GET", "/web/", "text/plain"): (500, TEXT, "Error from web blueprint"),
    ("GET", "/custom/", None): (500, "text/plain", "500 Internal Server Error: Error from custom blueprint"),
    ("GET", "/api/nope", None): (404, PROBLEM, '"title":"Not Found"'),
    ("GET", "/web/nope", None): (404, PAGE, "Page not found"),
    ("GET", "/apiary", None): (404, PAGE, "Page not found"),
    ("DELETE", "/api/", None): (405, PROBLEM, '"allowed":["GET","HEAD","OPTIONS"]'),
    ("GET", "/", None): (500, PAGE, "Something went wrong"),
    ("GET", "/api/buy/piano", None): (402, PROBLEM, '"balance":30,"cost":4000'),
    ("GET", "/web/buy/piano", None): (402, PAGE, "The piano costs 4000, the balance is 30."),
    ("GET", "/api/buy/unicorn", None): (404, PROBLEM, '"detail":"The shop does not sell unicorn."'),
}


class Demo:
    """The running demo, and the curl lines that it printed."""

    def __init__(self, log: Path) -> None:
        command = module("examples.demo", "--port", "0")
        self.server = start(command, log, ready="Ctrl-C ends the demo.")
        self.base = self.server.base
        self.curl = self.server.curl
        self.commands = [line.strip() for line in self.server.output.splitlines() if line.startswith("  curl ")]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    running = Demo(tmp_path_factory.mktemp("demo") / "demo.txt")
    yield running
    running.server.end()


def comparable(response: httpx.Response, side: str) -> str:
    """The body without what has to differ: the incident id, and where each app's own start page is."""
    return OCCURRENCE.sub("<incident>", response.text).replace(f'href="{side}/"', 'href="/"')


def test_the_demo_prints_a_curl_line_for_each_expectation_on_both_sides(demo: Demo) -> None:
    options = {"GET": "", "DELETE": "-X DELETE"}
    wanted = [
        tour.command(demo.base, side, f"-H 'Accept: {accept}'" if accept else options[method], path)
        for method, path, accept in EXPECTED
        for side in ("/flask", "/quart")
    ]
    assert demo.commands == [*wanted, tour.command(demo.base, "", "", "/nowhere")]


@pytest.mark.parametrize("request_line", EXPECTED, ids=lambda key: " ".join(filter(None, key)))
def test_flask_and_quart_give_the_expected_answer_in_the_same_bytes(
    demo: Demo, request_line: tuple[str, str, str | None]
) -> None:
    method, path, accept = request_line
    status, content_type, text = EXPECTED[request_line]
    index = list(EXPECTED).index(request_line) * 2
    flask, quart = (demo.curl(command) for command in demo.commands[index : index + 2])
    assert (flask.request.url.path, quart.request.url.path) == (f"/flask{path}", f"/quart{path}")
    assert flask.request.method == method
    assert flask.request.headers["Accept"] == (accept or "*/*")

    for response in (flask, quart):
        assert (response.status_code, response.headers["Content-Type"]) == (status, content_type)
        assert text in response.text
        assert "NameError" not in response.text
    assert comparable(flask, "/flask") == comparable(quart, "/quart")
    assert facts(flask) == facts(quart)


def facts(response: httpx.Response) -> dict[str, Any]:
    """The headers that errbridge answers for; the order of methods in Allow is the framework's."""
    headers: dict[str, Any] = {
        name: response.headers.get(name)
        for name in ("Content-Type", "Content-Length", "Vary", "Cache-Control", "X-Content-Type-Options")
    }
    return headers | {"Allow": set(response.headers.get("Allow", "").split(", "))}


def test_the_405_names_what_is_allowed(demo: Demo) -> None:
    for side in ("/flask", "/quart"):
        response = demo.curl(tour.command(demo.base, side, "-X DELETE", "/api/"))
        assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_the_start_page_is_a_tour_whose_links_lead_to_the_errors(demo: Demo) -> None:
    page = demo.curl(f"curl -i {demo.base}/")
    links = re.findall('href="(.*?)"', page.text)

    assert page.status_code == 200
    assert len(links) > 20
    expected = {f"{side}{path}": EXPECTED["GET", path, None][0] for side in tour.SIDES for _, _, path in tour.STEPS}
    for link in links:
        assert demo.curl(f"curl -i {demo.base}{link}").status_code == expected.get(link, 404)


def test_a_url_of_neither_app_is_a_404(demo: Demo) -> None:
    response = demo.curl(demo.commands[-1])
    assert response.status_code == 404
    assert response.text


README = re.search(
    r"<!-- demo: answers -->\n```console\n(.*?)```", (ROOT / "examples" / "README.md").read_text(), re.DOTALL
)


def test_the_answers_in_the_readme_are_those_of_the_demo(demo: Demo) -> None:
    """``...`` matches any text; only the headers that the README shows are compared."""
    assert README
    answers = re.findall(r"^\$ (curl .*)\n((?:(?!\$ ).*\n)*)", README[1], re.MULTILINE)
    assert answers
    for command, answer in answers:
        here = command.replace("http://127.0.0.1:8000", demo.base)
        assert here in demo.commands
        response = demo.curl(here)
        headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
        got = f"HTTP/1.1 {response.status_code}\n{headers}\n\n{response.text}"
        for line in filter(None, answer.splitlines()):
            pattern = ".*".join(re.escape(part) for part in line.split("..."))
            assert re.search(f"^{pattern}$", got, re.MULTILINE | re.DOTALL), f"{command}: {line!r} is not in\n{got}"


def test_ctrl_c_ends_the_demo_cleanly(tmp_path: Path) -> None:
    running = Demo(tmp_path / "demo.txt")
    assert running.server.end() == 0
    assert "Traceback" not in running.server.output


def test_a_port_in_use_is_a_clear_error(demo: Demo) -> None:
    port = demo.base.rpartition(":")[2]
    failed = subprocess.run(
        module("examples.demo", "--port", port),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert failed.returncode == 1
    assert failed.stderr.strip().endswith("choose another with --port")
