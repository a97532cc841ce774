"""The search of the catalogue: what it forgives, what it finds first, and that it goes by its indexes."""

import json
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.search import lay_in
from leaflets.catalogue import queries as catalogue_queries, titles
from leaflets.catalogue.queries import TITLES_PER_PAGE, catalogue_rows as rows, edit_distance, search_words
from leaflets.models import Language, Leaflet, LeafletWords, Word
from professionals.models import Profession
from tests.leaflets.factories import make_leaflet
from tests.leaflets.statements import NOT_COUNTED, statements

pytestmark = pytest.mark.django_db
MANY = 1_000


def found(text: str) -> list[str]:
    return [row.slug for row in catalogue_queries.search(text, rows()).rows]


@pytest.fixture
def shipped() -> None:
    titles.load_titles()


@pytest.mark.parametrize(
    ("typed", "first", "meant"),
    [
        ("health visitor", "health-visitors", ""),
        ("helth vistor", "health-visitors", "health visitors"),
        ("socail wokers", "social-workers", "social workers"),
        ("a&e", "emergency-care", ""),
        ("CHILD ABUSE", "all-professionals", ""),
        ("aeroplane airprot", "social-workers", "aeroplane airport"),
        ("canabis", "health-visitors", "cannabis"),
        ("fosterin", "health-visitors", "fostering"),
    ],
)
@pytest.mark.usefixtures("shipped")
def test_a_slip_is_forgiven(typed: str, first: str, meant: str) -> None:
    answer = catalogue_queries.search(typed, rows())
    assert (answer.rows[0].slug, answer.corrected) == (first, meant)


@pytest.mark.parametrize("typed", ["", "the", "laptop", "zzzzzz", "...", "' | ! & :*", "x" * 500, "\\", "%"])
@pytest.mark.usefixtures("shipped")
def test_what_says_nothing_finds_nothing(typed: str) -> None:
    assert found(typed) == []


def test_what_stands_on_the_card_comes_before_what_stands_in_the_text() -> None:
    make_leaflet("inside", signs="The airport.", position=1)
    make_leaflet("about", title="At the airport", position=2)
    make_leaflet("topical", topics="Borders\nAirport", position=3)
    assert found("airport") == ["about", "topical", "inside"]


def test_if_no_title_has_all_of_the_words_those_with_some_are_said_to_have_some() -> None:
    make_leaflet("borders", title="At the border")
    make_leaflet("harbours", title="At the harbour")
    answer = catalogue_queries.search("border harbour", rows())
    assert ([row.slug for row in answer.rows], answer.in_part) == (["borders", "harbours"], True)


def test_the_words_follow_a_title_however_it_is_written() -> None:
    leaflet = make_leaflet("one", title="At the border")
    make_leaflet("two", title="Another border")
    Leaflet.objects.filter(pk=leaflet.pk).update(title="At the harbour")
    assert (found("border"), found("harbor"), found("harbour")) == (["two"], ["one"], ["one"])
    Leaflet.objects.filter(slug="two").update(active=False)
    assert (found("border"), found("bordr")) == ([], [])
    Leaflet.objects.all().delete()
    assert (LeafletWords.objects.count(), Word.objects.count()) == (0, 0)


def test_a_translation_is_found_by_its_language_and_in_it() -> None:
    title = make_leaflet("title", title="Know the signs")
    make_leaflet(
        "cy", title="Know the signs (Welsh)", language=Language.WELSH, version_of=title, own_title="Adnabod yr arwyddion"
    )
    assert (found("welsh signs")[0], found("arwyddion"), found("arwydion")) == ("cy", ["cy"], ["cy"])


@pytest.mark.parametrize(
    ("typed", "word", "count"),
    [("helth", "health", 1), ("socail", "social", 1), ("traff", "trafficking", 1), ("same", "same", 0), ("cat", "dog", 3)],
)
def test_slips_are_counted(typed: str, word: str, count: int) -> None:
    assert edit_distance(typed, word) == count


def test_of_what_is_typed_only_so_many_words_are_looked_for() -> None:
    assert search_words("A&E, the child’s a&e " + "word " * 3) == ["a&e", "the", "child's", "word"]
    assert len(search_words(" ".join(f"word{n}" for n in range(50)))) == catalogue_queries.MAX_SEARCH_WORDS


def test_a_version_has_no_versions() -> None:
    title, other = make_leaflet(), make_leaflet()
    version = make_leaflet(version_of=title, language=Language.WELSH)
    for row, of in ((other, version), (title, other), (other, other)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Leaflet.objects.filter(pk=row.pk).update(version_of=of)
    with pytest.raises(IntegrityError, match="leaflet_version_once"), transaction.atomic():
        make_leaflet(version_of=title, language=Language.WELSH)


@pytest.fixture
def many(db: None) -> None:
    with connection.cursor() as cursor:
        lay_in(cursor, titles=MANY, points=1)
        cursor.execute("ANALYZE leaflets_leaflet, leaflets_leafletwords, leaflets_word")


def indexes_in(plan: dict[str, Any]) -> set[str]:
    own = {plan["Index Name"]} if "Index Name" in plan else set()
    return own.union(*(indexes_in(each) for each in plan.get("Plans", [])))


def plan_of(sql: str, *values: object) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT json) {sql}", values)
        found = cursor.fetchone()[0]
    return (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]


@pytest.mark.usefixtures("many")
def test_a_search_among_many_titles_goes_by_its_indexes_in_as_few_statements_as_among_few(client: Client) -> None:
    for typed, most in (("traficking", 7), ("arabik easy raed", 8), ("", 3)):
        asked: list[str] = []
        with CaptureQueriesContext(connection) as taken:
            page = client.get("/leaflets/", {"q": typed})
        asked = [query["sql"] for query in taken if "limits" not in query["sql"] and not query["sql"].startswith(NOT_COUNTED)]
        assert (len(page.context["shelf"].cards), len(asked) <= most) == (TITLES_PER_PAGE, True), (typed, asked)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off")
        cursor.execute("SET LOCAL pg_trgm.similarity_threshold = 0.2")
    words = plan_of("SELECT leaflet_id FROM leaflets_leafletwords WHERE words @@ plainto_tsquery('english', %s)", "trafficking")
    like = plan_of("SELECT word FROM leaflets_word WHERE word %% %s", "traficking")
    assert (indexes_in(words), indexes_in(like)) == ({"leaflet_found_by_words"}, {"word_found_by_likeness"})


@pytest.mark.usefixtures("many")
def test_a_long_catalogue_has_pages_that_follow_one_another(client: Client) -> None:
    first, second = (client.get("/leaflets/", {"topic": "Topic 3", "page": number}) for number in ("1", "2"))
    slugs = [[card.leaflet.slug for card in page.context["shelf"].cards] for page in (first, second)]
    assert (len(slugs[0]), set(slugs[0]) & set(slugs[1])) == (TITLES_PER_PAGE, set())
    assert 'rel="next" href="/leaflets/?topic=Topic+3&amp;page=2"' in first.content.decode()
    beyond = client.get("/leaflets/", {"topic": "Topic 3", "page": "999"})
    assert (beyond.context["shelf"].filters.page, beyond.context["shelf"].after) == (beyond.context["shelf"].pages, "")


def test_a_search_takes_the_same_few_statements_for_any_number_of_titles(client: Client) -> None:
    for _ in range(3):
        make_leaflet(title="At the border")
        assert len(statements(lambda: client.get("/leaflets/?q=bordr"))) == 7


POLISH, MIDWIVES = (
    "We have no leaflets in Polish yet.",
    "We have no leaflet only for midwives. This one is for every professional.",
)
HV, SW, AE, ALL = "health-visitors", "social-workers", "emergency-care", "all-professionals"


@pytest.mark.parametrize(
    ("typed", "first", "said"),
    [
        ("polish", HV, f"{POLISH} These are in English."),
        ("Polish leaflets", HV, POLISH),
        ("leaflet in Polish please", HV, POLISH),
        ("polski", HV, POLISH),
        ("polisch", HV, POLISH),
        ("polish cannabis", HV, POLISH),
        ("polish airport", SW, POLISH),
        ("polish zebra", HV, POLISH),
        ("polish midwife", ALL, f"We have no leaflets in Polish yet. This one is in English. {MIDWIVES}"),
        ("polish midwive", ALL, MIDWIVES),
        ("romanian", HV, "no leaflets in Romanian yet"),
        ("ukranian", HV, "no leaflets in Ukrainian yet"),
        ("arabic a&e", AE, "no leaflets in Arabic yet. These are in English."),
        ("kurdish", HV, "no leaflets in Kurdish (Sorani) yet"),
        ("mandarin", HV, "no leaflets in Chinese yet"),
        ("persian", HV, "no leaflets in Farsi yet"),
        ("lithuanian", HV, "no leaflets in Lithuanian yet"),
        ("gujarati translation", HV, "no leaflets in Gujarati yet"),
        ("vietnamese", HV, "no leaflets in Vietnamese yet"),
        ("english", HV, "4 leaflets."),
        ("midwife", ALL, MIDWIVES),
        ("Midwives", ALL, MIDWIVES),
        ("midwifes", ALL, MIDWIVES),
        ("midwive", ALL, MIDWIVES),
        ("leaflets for midwives", ALL, MIDWIVES),
        ("maternity", ALL, MIDWIVES),
        ("school nurse", ALL, "only for school nurses"),
        ("nurse", ALL, "only for nurses"),
        ("gp", ALL, "only for GPs"),
        ("family doctors", ALL, "only for GPs"),
        ("teacher", ALL, "only for teachers"),
        ("teechers", ALL, "only for teachers"),
        ("headteacher", ALL, "only for teachers"),
        ("police", ALL, "only for police officers"),
        ("police officer", ALL, "only for police officers"),
        ("border force", ALL, "only for immigration officers"),
        ("foster carer", ALL, "only for foster carers"),
        ("youth workers", ALL, "only for youth workers"),
        ("paramedic", ALL, "only for paramedics"),
        ("health visitor", HV, "2 leaflets."),
        ("health visiting", HV, "2 leaflets."),
        ("social worker", SW, "2 leaflets."),
        ("social work airport", SW, "1 leaflet."),
        ("casualty", AE, "2 leaflets."),
        ("accident and emergency", AE, "2 leaflets."),
        ("walk-in", AE, "2 leaflets."),
        ("teacher zebra", ALL, "only for teachers"),
        ("cannabis", HV, ""),
        ("debt", SW, ""),
        ("polite", HV, ""),
        ("laptop", "", "No leaflet matches “laptop”"),
    ],
)
@pytest.mark.usefixtures("shipped")
def test_what_is_found_first_and_what_is_said_of_it(client: Client, typed: str, first: str, said: str) -> None:
    answer = client.get("/leaflets/", {"q": typed})
    slugs = [card.leaflet.slug for card in answer.context["shelf"].cards]
    assert (next(iter(slugs), ""), said in " ".join(answer.content.decode().split())) == (first, True)


def test_a_language_or_a_profession_that_has_titles_is_found_by_all_its_names() -> None:
    title = make_leaflet("all", title="Know the signs")
    make_leaflet("gp", title="Know the signs at work", audience=Profession.GP)
    make_leaflet("pl", title="Know the signs (Polish)", language=Language.POLISH, version_of=title)
    assert (found("polish"), found("polski"), found("polish signs")) == (["pl"], ["pl"], ["pl"])
    assert (found("family doctor"), found("gps work"), found("polish gp")) == (["gp", "all", "pl"], ["gp"], ["pl"])
    assert catalogue_queries.search("polish gp", rows()).no_profession == "GPs"
    assert catalogue_queries.search("polish", rows()).no_language == ""


def test_where_nothing_is_for_everyone_a_profession_is_a_word_like_any_other() -> None:
    make_leaflet("one", title="What a teacher sees", audience=Profession.GP)
    assert (found("teacher"), found("midwife")) == (["one"], [])
