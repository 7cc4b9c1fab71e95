"""The records of an incident in a log."""

from __future__ import annotations

import json

import pytest

from errbridge import SetupError
from errbridge.inspection.finding import check_id, find_records, record_text

ID = "1b4e28ba-2fa1-41d2-883f-0016d3cca427"
STACK = 'Traceback (most recent call last):\n  File "shop.py", line 3, in crash\n    raise Sold()\nshop.Sold: gone'


def found_in(text: str, wanted: str = ID[:8]) -> list[str]:
    return [record.text for record in find_records(wanted, "log", text.splitlines(keepends=True))]


@pytest.mark.parametrize("text", [ID, ID[:8], ID.upper(), f"urn:uuid:{ID}", f" {ID[:13]} "])
def test_what_a_client_quotes_is_the_start_of_an_id(text: str) -> None:
    assert ID.startswith(check_id(text))


@pytest.mark.parametrize("text", ["", "1b4e28b", "hello world", ID + "0", "..*....."])
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(SetupError, match="is no id of an incident"):
        check_id(text)


@pytest.mark.parametrize(
    "begin",
    [
        "2026-11-29 05:40:12,123 ERROR shop ",
        "[2026-11-29 05:40:12,123] ERROR in app: ",
        "ERROR:shop:",
        "ERROR shop ",
        "",
    ],
)
@pytest.mark.parametrize(
    "stack", ["", STACK, f"{STACK}\n\nDuring handling of the above exception, another one:\n\n{STACK}"]
)
def test_a_record_of_text_ends_where_the_next_one_begins(begin: str, stack: str) -> None:
    other = begin.replace("ERROR", "INFO").replace("12,123", "13,456") + "something else"
    mine = f"{begin}Exception on /crash [GET] (incident {ID})" + (f"\n{stack}" if stack else "")

    assert found_in(f"{other}\n{mine}\n{other}\n") == [mine]
    assert found_in(f"{mine}\n127.0.0.1 - - [29/Nov/2026] GET /crash 500\n") == [mine]
    assert found_in(f"{mine}\n{mine}\n") == [mine, mine]
    assert found_in(f"{mine}\n{other}\n", "00000000") == []


def test_the_text_of_an_exception_may_have_several_lines() -> None:
    mine = f"2026-11-29 05:40:12 ERROR shop Exception (incident {ID})\n{STACK}\nand more\nand more of it"

    assert found_in(f"{mine}\n2026-11-29 05:40:13 INFO shop other\n") == [mine]


def test_a_line_of_json_is_a_record() -> None:
    line = json.dumps({"message": "Exception", "incident_id": ID, "status": 500, "exc_info": STACK})

    (record,) = find_records(ID, "app.json", ["{}\n", f"{line}\n", '{"incident_id": "00"}\n'])

    assert (record.line, record.fields) == (2, json.loads(line))
    assert record_text(record) == (
        f"app.json:2\n  message      Exception\n  incident_id  {ID}\n  status       500\n  exc_info\n{STACK}"
    )


def test_braces_in_a_line_of_text_are_no_json() -> None:
    line = f"ERROR shop {{'id': '{ID}'}}"

    (record,) = find_records(ID, "log", [line])

    assert (record.text, record.fields) == (line, None)


def test_an_id_inside_another_one_is_not_found() -> None:
    assert found_in(f"ERROR shop 00{ID}\n") == []
    assert found_in(f"ERROR shop {ID}\n", "2fa141d2") == []
