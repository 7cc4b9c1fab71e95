"""Answers in the client's language, in both frameworks; and the catalogues, which lack nothing."""

from __future__ import annotations

import copy
import importlib.util
import pickle
import re
import string
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import flask
import flask_babel
import httpx
import pydantic
import pytest
import quart
import quart_babel
from babel.messages import Catalog
from babel.messages.mofile import write_mo

import errbridge_flask
import errbridge_quart
from errbridge import Problem, validation
from errbridge.asgi import Bridge
from errbridge.asgi.exchange import too_large
from errbridge.http.status import PHRASES
from errbridge.languages.catalogues import FOLDER, LANGUAGES, load_languages
from errbridge.languages.language import Message
from errbridge.representations.words import LABELS, WORDS
from tests.applications import Ask, a_site, aborting, an_api, an_app, failing, with_templates
from tests.clients import OCCURRENCE, Request
from tests.servers import ROOT
from tests.twins import Twins, World

EVERY = ("en", *LANGUAGES)
FRAMEWORKS = [(errbridge_flask, flask.Flask), (errbridge_quart, quart.Quart)]
SPOKEN = {"ERROR_LANGUAGES": EVERY}


def in_language(tag: str, accept: str = "text/html") -> dict[str, Any]:
    return {"headers": [("Accept-Language", tag), ("Accept", accept)], "config": SPOKEN}


# The catalogues.


def load_tool() -> Any:
    spec = importlib.util.spec_from_file_location("catalogues", ROOT / ".ci" / "catalogues.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


TOOL = load_tool()
MESSAGES = list(TOOL.list_messages())


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_there_is_a_catalogue_for_each_language_and_no_other() -> None:
    assert {path.name for path in FOLDER.iterdir() if path.is_dir()} == {tag.replace("-", "_") for tag in LANGUAGES}


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_catalogue_is_complete_and_every_placeholder_is_in_its_place(tag: str) -> None:
    catalog = TOOL.read_catalogue(tag)
    wanted = {message if isinstance(message, str) else message[0] for message in MESSAGES}

    assert {message.id if isinstance(message.id, str) else message.id[0] for message in catalog if message.id} == wanted
    for message in catalog:
        if not message.id:
            continue
        assert not message.fuzzy, message.id
        if isinstance(message.id, str):
            assert message.string, message.id
            assert fields(message.string) == fields(message.id)
            assert message.string[-1] not in ".,;:!?。।" or message.id[-1] == ".", message.id
        else:
            assert len(message.string) == catalog.num_plurals
            for form in message.string:
                assert form, message.id
                assert fields(form) <= fields(message.id[1])
                assert fields(form) >= fields(message.id[1]) - {"count"}
            assert "{count}" in message.string[-1]
        for text in (message.string,) if isinstance(message.string, str) else message.string:
            assert text == text.strip()
            assert "  " not in text
            assert not re.search(r"[<>&]", text)


_PUNCTUATION = {
    "fr": r"[^\u00a0\u202f][:;!?](?!//)",  # a space that does not break comes first
    "ar": r"[\u0600-\u06ff][,;?]",
    "ja": r"[\u3040-\u9fff][.,:;!?(]",
    "zh-Hans": r"[\u4e00-\u9fff][.,:;!?(]",
    "zh-Hant": r"[\u4e00-\u9fff][.,:;!?(]",
    "hi": r"[\u0900-\u0963][.]",
}
"""What looks foreign in a language."""


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_catalogue_has_the_punctuation_of_its_language_and_labels_that_fit_a_button(tag: str) -> None:
    wrong = re.compile(_PUNCTUATION.get(tag, r"['\"]| [.,;:!?]"))
    catalog = TOOL.read_catalogue(tag)

    for message in catalog:
        for text in (message.string,) if isinstance(message.string, str) else message.string:
            assert not message.id or not wrong.search(text), text
    for label in (*LABELS.values(), *(words.retry for words in WORDS.values() if words.retry)):
        assert len(catalog.get(label).string) <= 28, label


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_heading_is_not_that_of_another_status(tag: str) -> None:
    (language,) = load_languages([tag], [])
    words = [language.translate(each.heading) for each in TOOL.WORDS.values()]

    assert len(set(words)) == len(words)
    assert language.translate("") == ""
    assert language.translate("No such message") == "No such message"


@pytest.mark.parametrize("tag", LANGUAGES)
def test_what_is_compiled_is_what_translators_edit(tag: str) -> None:
    assert TOOL.path_of(tag, "mo").read_bytes() == TOOL.compile_catalogue(tag)


@pytest.mark.parametrize(
    ("tag", "numbers"),
    [
        ("pl", {1: "sekundę.", 2: "sekundy.", 5: "sekund.", 12: "sekund.", 22: "sekundy."}),
        ("ru", {1: "секунду.", 3: "секунды.", 11: "секунд.", 21: "секунду.", 25: "секунд."}),
        ("uk", {1: "секунду.", 4: "секунди.", 14: "секунд.", 31: "секунду."}),
        ("ar", {1: "ثانية واحدة.", 2: "ثانيتين.", 3: "ثوانٍ.", 11: "ثانية.", 100: "ثانية."}),
        ("he", {1: "שנייה אחת.", 2: "שתי שניות.", 3: "3 שניות."}),
        ("fr", {1: "seconde.", 2: "secondes."}),
        ("ja", {1: "1 秒後にもう一度お試しください。", 2: "2 秒後にもう一度お試しください。"}),
    ],
)
def test_numbers_have_the_right_form(tag: str, numbers: dict[int, str]) -> None:
    (language,) = load_languages([tag], [])
    for number, end in numbers.items():
        text = language.translate(
            Message("You can try again in {count} second.", "You can try again in {count} seconds.", count=number)
        )
        assert text.endswith(end)
        assert str(number) in text or "{" not in text


# Answers.


@pytest.mark.parametrize(
    ("header", "tag", "heading"),
    [
        ("ar", "ar", "الصفحة غير موجودة"),
        ("pt-BR, fr;q=0.9", "pt", "Página não encontrada"),
        ("de-AT,en;q=0.5", "de", "Seite nicht gefunden"),
        ("zh-TW", "zh-Hant", "找不到頁面"),
        ("xx", "en", "Page not found"),
        ("", "en", "Page not found"),
    ],
)
def test_a_page_is_in_the_language_of_the_client(ask: Ask, header: str, tag: str, heading: str) -> None:
    response = ask(an_app(), "/nope", **in_language(header))

    assert response.header("Content-Language") == tag
    assert response.members("Vary") == {"Accept", "Accept-Language"}
    assert f'<html lang="{tag}" dir="{"rtl" if tag == "ar" else "ltr"}">' in response.text
    assert f'<h1 dir="auto">{heading}</h1>' in response.text


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_word_of_a_page_is_translated(ask: Ask, tag: str) -> None:
    for status in (401, 404, 429, 500):
        page = ask(an_app(aborting("/x", status)), "/x", **in_language(tag)).text
        for message in MESSAGES:
            for text in (message,) if isinstance(message, str) else message:
                if len(text) > 14:  # shorter ones may be words of that language, too
                    assert f">{text}<" not in page, text


@pytest.mark.parametrize("accept", ["application/json", "application/xml", "text/plain"])
def test_documents_are_translated_with_the_standard_phrases(ask: Ask, accept: str) -> None:
    for status in PHRASES:
        response = ask(an_api(failing("/x", partial(Problem, status))), "/x", **in_language("fr", accept))
        (french,) = load_languages(["fr"], [])
        assert french.translate(PHRASES[status]) in response.text.replace("&#x27;", "'")
        assert response.header("Content-Language") == "fr"


def test_the_sentences_about_input_are_translated(ask: Ask) -> None:
    problem = Problem(
        422, "What was sent is not valid.", errors=[{"detail": "This is required.", "pointer": "#/a"}, "x"]
    )

    document = ask(an_api(failing("/x", lambda: problem)), "/x", **in_language("de", "application/json")).json

    assert document["detail"] == "Die gesendeten Daten sind nicht gültig."
    assert document["errors"] == [{"detail": "Diese Angabe ist erforderlich.", "pointer": "#/a"}, "x"]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b'{"a" 1}', "Erwartet wird ein Doppelpunkt in Zeile 1, Spalte 6."),
        (b'{"a": "one"}', "Eine ganze Zahl wird erwartet."),
        (b"{}", "Diese Angabe ist erforderlich."),
    ],
)
def test_the_rules_of_json_and_of_types_are_translated(ask: Ask, body: bytes, detail: str) -> None:
    class Order(pydantic.BaseModel):
        a: int

    def set_up(world: World) -> None:
        an_api()(world)
        world.errors.include(validation.handlers, world.app)

        def check() -> None:
            Order.model_validate(world.framework.request.get_json())

        async def check_async() -> None:
            Order.model_validate(await world.framework.request.get_json())

        order = check_async if world.is_async else check
        world.app.add_url_rule("/order", "order", order, methods=["POST"])

    headers = [("Accept-Language", "de"), ("Content-Type", "application/json")]
    response = ask(set_up, "/order", "POST", headers=headers, body=body, config=SPOKEN)

    assert [error["detail"] for error in response.json["errors"]] == [detail]


def test_a_text_says_its_reference_and_its_answers_in_the_language(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="errbridge")  # there is a record to refer to
    application = an_api(failing("/x", lambda: Problem(409, sold=True)))

    lines = ask(application, "/x", **in_language("ja", "text/plain")).text.splitlines()

    assert lines[0] == "409 競合"
    assert lines[2] == "sold: はい"
    assert re.fullmatch("参照番号.[0-9a-f-]{36}", lines[-1])


@pytest.mark.parametrize(
    ("tag", "sentence"),
    [
        ("de", "Vielleicht enthält die Adresse einen Tippfehler, oder die Seite wurde verschoben."),
        ("en", "The requested URL was not found on the server."),
    ],
)
def test_a_sentence_of_the_framework_makes_room_for_one_in_the_language(ask: Ask, tag: str, sentence: str) -> None:
    templates = with_templates({"errors/404.html": "{{ error.detail }}"})

    text = ask(an_api(), "/nope", **in_language(tag, "text/plain")).text
    page = ask(a_site(templates), "/nope", **in_language(tag)).text

    assert text.splitlines()[2].startswith(sentence)
    assert page.startswith(sentence)


def test_an_uncaught_exception_is_one_in_every_language(ask: Ask) -> None:
    response = ask(an_api(failing("/x", LookupError)), "/x", **in_language("es", "application/json"))

    assert (response.json["title"], response.json["detail"]) == (
        "Error interno del servidor",
        "Excepción no controlada",
    )


# The bridge.


@pytest.mark.parametrize("tag", ["ar", "pt-BR, fr;q=0.9", "en"])
@pytest.mark.parametrize("accept", ["text/html", "application/json", "application/xml", "text/plain"])
async def test_a_mounted_application_answers_the_same_bytes_as_alone(tag: str, accept: str) -> None:
    bodies = set()
    for adapter, framework in FRAMEWORKS:
        app: Any = framework("spoken")
        adapter.ErrorHandler(app, ERROR_LANGUAGES=EVERY)
        bridge = Bridge({"/": app})
        for served in (app, bridge):
            response = await ask_app(served, "/nope", tag, accept)
            masked = OCCURRENCE.sub("-", re.sub("[0-9a-f-]{36}", "-", response.text))
            headers = {name: response.headers[name] for name in ("content-type", "content-language", "vary")}
            bodies.add((masked, *headers.values()))

    assert len(bodies) == 1


async def test_the_bridge_speaks_the_languages_of_its_first_application_and_wears_its_clothes() -> None:
    plain, spoken = flask.Flask("plain"), quart.Quart("spoken")
    errbridge_quart.ErrorHandler(spoken, ERROR_LANGUAGES=["en", "ar"], ERROR_SITE={"name": "Cheese & Co"})
    apps: dict[str, Any] = {"/plain": plain, "/shop": spoken}
    bridge: Any = Bridge(apps, max_body=10)

    page = await ask_app(bridge, "/nope", "ar", "text/html")
    document = await ask_app(bridge, "/nope", "ar")
    english = await ask_app(bridge, "/nope", "de")

    assert page.headers["Content-Language"] == "ar"
    assert page.headers["Vary"] == "Accept, Accept-Language"
    assert "الصفحة غير موجودة · Cheese &amp; Co" in page.text
    assert document.json()["detail"] == "لا يوجد تطبيق على عنوان URL هذا."
    assert english.json()["detail"] == "No application is mounted at this URL."


async def test_a_bridge_without_errbridge_in_its_applications_is_english() -> None:
    response = await ask_app(Bridge({"/shop": flask.Flask("plain")}), "/nope", "ar")

    assert response.json()["title"] == "Not Found"
    assert "Content-Language" not in response.headers


def test_a_number_of_bytes_has_its_plural_form() -> None:
    for most, sentence in ((1, "1 bajt."), (3, "3 bajty."), (1024, "1024 bajty."), (5, "5 bajtów.")):
        (polish,) = load_languages(["pl"], [])
        assert polish.translate(too_large(most).detail or "").endswith(sentence)
    assert too_large(1).detail == "The request body may have at most 1 byte."


def test_a_problem_with_a_message_can_be_copied_and_pickled() -> None:
    for copied in (pickle.loads(pickle.dumps(too_large(5))), copy.deepcopy(too_large(5))):
        (german,) = load_languages(["de"], [])
        assert german.translate(copied.detail or "") == "Der Inhalt der Anfrage darf höchstens 5 Byte haben."


# The pages about problem types.


@pytest.mark.parametrize(("adapter", "framework"), FRAMEWORKS)
async def test_the_pages_about_problem_types_are_in_the_language_and_in_the_clothes_of_the_site(
    adapter: Any, framework: Any, tmp_path: Path
) -> None:
    own = {
        "Out of credit": "Guthaben reicht nicht",
        "The balance does not cover the cost.": "Das Guthaben deckt den Preis nicht.",
        "What was wanted": "Was gewünscht war",
    }
    write_catalogue(tmp_path, "de", own)
    config = {"ERROR_LANGUAGES": ["en", "de"], "ERROR_SITE": {"name": "Cheese & Co", "home_url": "/shop"}}
    app, errors = build(adapter, framework, tmp_path, **config)
    errors.catalogue(app, types=[Costs])

    page, listed, english = [
        await ask_app(app, *asked, "text/html")
        for asked in (("/problems/costs", "de-AT"), ("/problems/", "de"), ("/problems/costs", "fr"))
    ]
    document = await ask_app(app, "/problems/costs", "de")
    missing = await ask_app(app, "/problems/nope", "de")

    for response in (page, listed):
        assert '<html lang="de" dir="ltr">' in response.text
        assert response.headers["Content-Language"] == "de"
        assert response.headers["Vary"] == "Accept, Accept-Language"
        assert '<a href="/shop"><span>Cheese &amp; Co</span></a>' in response.text
    for said in (*own.values(), "Fehler 402", "Felder", "erforderlich", "optional, Standardwert <code>null</code>"):
        assert said in page.text
    assert "<title>Fehlertypen · Cheese &amp; Co</title>" in listed.text
    assert "Guthaben reicht nicht" in listed.text
    assert "The balance does not cover the cost." in english.text
    assert "Content-Language" not in document.headers  # a schema is for programs
    assert document.json()["title"] == "Out of credit"
    assert missing.json()["detail"] == "Diesen Fehlertyp gibt es nicht."


def test_with_one_language_nothing_is_negotiated(ask: Ask) -> None:
    headers = [("Accept-Language", "de"), ("Accept", "text/html")]
    english = ask(an_app(), "/nope", headers=headers)
    german = ask(an_app(), "/nope", headers=[("Accept-Language", "fr")], config={"ERROR_LANGUAGES": ["de"]})

    assert "Page not found" in english.text
    assert "Seite nicht gefunden" in german.text
    for response in (english, german):
        assert response.header("Content-Language") is None
        assert response.members("Vary") == {"Accept"}


def test_a_long_accept_language_counts_like_a_short_one(ask: Ask) -> None:
    response = ask(a_site(), "/nope", **in_language(f"{'xx-Latn, ' * 30}de"))

    assert response.header("Content-Language") == "de"


def test_own_templates_know_the_language(ask: Ask) -> None:
    application = a_site(
        with_templates({"error.html": "{{ incident.language }} {{ incident.language.direction }} {{ error.heading }}"})
    )

    response = ask(application, "/nope", **in_language("he"))

    assert response.text == "he rtl הדף לא נמצא"
    assert response.header("Content-Language") == "he"


# The application's own words.


class Costs(Problem, status=402, title="Out of credit"):
    """The balance does not cover the cost."""

    detail = "The {item} costs {cost}."
    item: Annotated[str, "What was wanted"]
    cost: int
    until: str | None = None


def write_catalogue(folder: Path, tag: str, messages: dict[str, str], domain: str = "messages") -> None:
    catalog = Catalog(locale=tag)
    for message, text in messages.items():
        catalog.add(message, text)
    path = folder / "translations" / tag / "LC_MESSAGES" / f"{domain}.mo"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_mo(file, catalog)


def build(adapter: Any, framework: Any, folder: Path, **config: Any) -> Any:
    app = framework("spoken", root_path=str(folder))
    errors = adapter.ErrorHandler(app, handler="api", **config)

    def buy() -> None:
        raise Costs(item="piano", cost=4000)

    def sold() -> None:
        raise Problem(409, detail="Sold out")

    app.add_url_rule("/buy", "buy", buy)
    app.add_url_rule("/sold", "sold", sold)
    return app, errors


async def ask_app(app: Any, path: str, language: str, accept: str = "application/json") -> httpx.Response:
    headers = {"Accept-Language": language, "Accept": accept}
    if isinstance(app, flask.Flask):
        with httpx.Client(transport=httpx.WSGITransport(app), base_url="http://localhost") as client:
            return client.get(path, headers=headers)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as asking:
        return await asking.get(path, headers=headers)


@pytest.mark.parametrize(("adapter", "framework"), FRAMEWORKS)
async def test_types_of_the_application_are_translated_by_its_own_catalogue(
    adapter: Any, framework: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="errbridge")
    own = {"Out of credit": "Guthaben reicht nicht", "The {item} costs {cost}.": "Für {item} brauchen Sie {cost}."}
    write_catalogue(tmp_path, "de", {**own, "Sold out": "Ausverkauft"})
    write_catalogue(tmp_path, "de", {"Conflict": "Überschneidung"}, domain="errbridge")
    app, _ = build(adapter, framework, tmp_path, ERROR_LANGUAGES=["en", "de"])

    bought, sold = [(await ask_app(app, path, "de-CH")).json() for path in ("/buy", "/sold")]
    english = (await ask_app(app, "/buy", "en")).json()

    assert (bought["title"], bought["detail"]) == ("Guthaben reicht nicht", "Für piano brauchen Sie 4000.")
    assert (bought["item"], bought["cost"]) == ("piano", 4000)
    assert (sold["title"], sold["detail"]) == ("Überschneidung", "Ausverkauft")
    assert (english["title"], english["detail"]) == ("Out of credit", "The piano costs 4000.")
    assert str(Costs(item="piano", cost=4000)) == "402 Out of credit: The piano costs 4000."
    assert "Guthaben" not in caplog.text


@pytest.mark.parametrize(("adapter", "framework"), FRAMEWORKS)
async def test_a_broken_catalogue_is_left_out_and_logged(
    adapter: Any, framework: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_catalogue(tmp_path, "de", {})
    (tmp_path / "translations" / "de" / "LC_MESSAGES" / "messages.mo").write_bytes(b"no catalogue")
    app, _ = build(adapter, framework, tmp_path, ERROR_LANGUAGES=["en", "de"])

    assert (await ask_app(app, "/sold", "de")).json()["title"] == "Konflikt"
    assert "cannot be read" in caplog.text


@pytest.mark.parametrize(("adapter", "framework"), FRAMEWORKS)
async def test_a_translation_that_names_a_value_which_the_sentence_lacks_is_not_used_and_logged_once(
    adapter: Any, framework: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    translation = f"Für {{artikel}} brauchen Sie {{cost}}, {framework.__name__}."
    write_catalogue(tmp_path, "de", {"The {item} costs {cost}.": translation})
    app, _ = build(adapter, framework, tmp_path, ERROR_LANGUAGES=["en", "de"])

    answers = [(await ask_app(app, "/buy", "de")).json()["detail"] for _ in range(3)]

    assert answers == ["The piano costs 4000."] * 3
    logged = [record.getMessage() for record in caplog.records if "translation" in record.getMessage()]
    sentence = "The {item} costs {cost}."
    reason = "names {artikel}, which has no value; it is not used"
    assert logged == [f"the translation {translation!r} of {sentence!r} {reason}"]


@pytest.mark.parametrize(("count", "text"), [(1, "Wait 1 second."), (7, "Wait 7 seconds.")])
def test_a_message_with_a_wrong_translation_is_written_in_english(tmp_path: Path, count: int, text: str) -> None:
    catalog = Catalog(locale="de")
    catalog.add(("Wait {count} second.", "Wait {count} seconds."), ("{anzahl} Sekunde", "{anzahl} Sekunden"))
    catalog.add("One {thing}.", "{thing}: eins.")
    path = tmp_path / "de" / "LC_MESSAGES" / "errbridge.mo"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_mo(file, catalog)
    (language,) = load_languages(["de"], [("messages", str(tmp_path))])

    assert language.translate(Message("Wait {count} second.", "Wait {count} seconds.", count=count)) == text
    assert language.translate(Message("One {thing}.", thing="cup")) == "cup: eins."


def test_errors_without_a_translation_stay_as_they_are() -> None:
    errors = [{"detail": "Zzz", "pointer": "#/a"}, {"pointer": "#/b"}, "c"]
    twins = Twins.built(an_api(failing("/fail", lambda: Problem(422, errors=errors))), config=SPOKEN)

    response = twins.ask("/fail", headers=[("Accept-Language", "de")])

    assert (response.json["errors"], response.header("Content-Language")) == (errors, "de")


@pytest.mark.parametrize("chosen", ["fr", "fr_CA", flask_babel.Locale("fr", "BE")])
def test_the_application_chooses_the_language(chosen: Any) -> None:
    def set_up(world: Any) -> None:
        an_app()(world)
        assert world.errors.locale_with(lambda: chosen) is None

    twins = Twins.built(set_up, config=SPOKEN)
    response = twins.ask("/nope", headers=[("Accept-Language", "de"), ("Accept", "text/html")])

    assert response.header("Content-Language") == "fr"
    assert "Page introuvable" in response.text


def test_a_client_cannot_exclude_the_language_that_the_application_chose() -> None:
    def set_up(world: Any) -> None:
        an_app()(world)
        world.errors.locale_with(lambda: "fr")

    twins = Twins.built(set_up, config=SPOKEN)

    assert twins.ask("/nope", headers=[("Accept-Language", "de, fr;q=0")]).header("Content-Language") == "fr"


@pytest.mark.parametrize("function", [lambda: None, lambda: "xx", lambda: 1 / 0])
def test_where_the_application_chooses_none_the_client_does(function: Any) -> None:
    def set_up(world: Any) -> None:
        an_app()(world)
        world.errors.locale_with(function)

    twins = Twins.built(set_up, config=SPOKEN)

    assert twins.ask("/nope", headers=[("Accept-Language", "de")]).header("Content-Language") == "de"


async def test_flask_babel_and_quart_babel_choose_and_translate_alike(tmp_path: Path) -> None:
    write_catalogue(tmp_path, "de", {"Sold out": "Ausverkauft", "Out of credit": "Kein Guthaben"})
    answers = []
    for (adapter, framework), babel, lazy in zip(
        FRAMEWORKS,
        (flask_babel, quart_babel),
        (flask_babel.lazy_gettext, quart_babel.lazy_gettext),
        strict=True,
    ):
        app, errors = build(adapter, framework, tmp_path, ERROR_LANGUAGES=["en", "de"])
        babel.Babel(app, locale_selector=lambda: "de")
        errors.locale_with(babel.get_locale)
        words = lazy("Out of credit")

        def lazily(words: Any = words) -> None:
            raise Problem(402, title=words, detail=words)

        app.add_url_rule("/lazy", "lazy", lazily)
        answers.append([(await ask_app(app, path, "fr")).json() for path in ("/sold", "/lazy")])

    for sold, lazily_said in answers:
        assert sold["detail"] == "Ausverkauft"
        assert (lazily_said["title"], lazily_said["detail"]) == ("Kein Guthaben", "Kein Guthaben")


def test_a_request_twice_in_two_languages_is_two_answers() -> None:
    twins = Twins.built(an_app(), config=SPOKEN)

    for tag, heading in (
        ("de", "Seite nicht gefunden"),
        ("ja", "ページが見つかりません"),
        ("de", "Seite nicht gefunden"),
    ):
        for world in twins.worlds:
            headers = [("Accept-Language", tag), ("Accept", "text/html")]
            assert heading in world.call(Request("/nope", headers=headers)).text
