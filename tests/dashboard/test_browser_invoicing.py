"""An invoicing program's tenant in a real browser: every page in both languages and widths, and its stories."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Page

from boekbrug.domain.documents import Side
from boekbrug.domain.records import SyncStatus
from boekbrug.store import tenants
from tests.conformance.bookkeepers import EboekhoudenBookkeeper
from tests.dashboard.browsing import look, served, sign_in, signed_in
from tests.dashboard.conftest import CHROMIUM
from tests.dashboard.invoicing import ROOT, InvoicingDashboard, invoicing_dashboard
from tests.invoicing.world import ATELIER, ROUTE

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
OF_A_SHOP = re.compile(r"winkel|bestel|(?<!one-stop )\bshops?\b|\borders?\b", re.IGNORECASE)
# What is offered to choose from has the names that the systems gave it.
OUR_WORDS = """() => { const main = document.querySelector('main').cloneNode(true);
    main.querySelectorAll('select, pre').forEach(one => one.remove()); return main.textContent; }"""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, database_template: Path) -> Iterator[InvoicingDashboard]:
    with invoicing_dashboard(tmp_path_factory.mktemp("office"), database_template) as made:
        yield made


@pytest.fixture
def own_office(tmp_path: Path, database_template: Path) -> Iterator[InvoicingDashboard]:
    with invoicing_dashboard(tmp_path / "office", database_template) as made:
        yield made


@pytest.mark.parametrize(("width", "language"), [("phone", "nl"), ("desk", "en")])
def test_every_page_is_accessible_and_speaks_of_no_shop(
    office: InvoicingDashboard, open_page: Callable[..., Page], width: str, language: str
) -> None:
    kept = office.world.records()
    (waiting,) = (r for r in kept.values() if r.status is SyncStatus.NEEDS_ATTENTION)
    done = {r.kind.value: r for r in kept.values() if r.status is SyncStatus.VERIFIED}
    assert set(done) == {"invoice", "credit_note", "purchase_invoice", "purchase_credit_note"}
    with served(office) as address:
        page = signed_in(open_page, address, width=width, language=language)
        for name, path in (
            ("overview", ""),
            ("report", "/documents"),
            *((kind, f"/documents/{record.id}") for kind, record in done.items()),
            ("document-error", f"/documents/{waiting.id}"),
            ("errors", "/errors"),
            ("cause", "/errors/needs_attention/COST_RULE_MISSING"),
            ("processing", f"/processing?ids={waiting.id}"),
            ("migrations", "/migrations"),
            ("route", f"/routes/{ROUTE}"),
            ("policy", f"/routes/{ROUTE}/policy"),
            ("versions", f"/routes/{ROUTE}/versions"),
            *((f"rule-{kind}", f"/routes/{ROUTE}/rules/new?kind={kind}") for kind in ("vat", "cost", "account")),
            ("rule", f"/routes/{ROUTE}/rules/0"),
            ("connection", "/connections/facturen"),
            ("books", "/connections/administratie"),
            ("runs", "/runs"),
        ):
            page.goto(ROOT + path)
            assert page.locator("html").get_attribute("lang") == language
            for summary in page.locator("main summary").all():
                if not summary.evaluate("element => element.parentElement.open"):
                    summary.click()
            said = page.evaluate(OUR_WORDS)
            assert not OF_A_SHOP.search(said), (name, OF_A_SHOP.search(said), said)
            look(page, f"{width}-{language}-invoicing-{name}")
        if language == "en":
            page.locator("summary", has_text="Account").click()
            page.get_by_role("button", name="Nederlands").click()
            page.locator("html[lang=nl]").wait_for()


def test_the_purchases_page_shows_who_charged_what_and_why_it_is_booked_so(
    office: InvoicingDashboard, open_page: Callable[..., Page]
) -> None:
    """By the rule of costs, not of sales; with links into the program and the books, each for its side."""
    (record, *_) = (r for r in office.world.records().values() if r.kind.value == "purchase_invoice" and r.target_ref)
    with served(office) as address:
        page = open_page(address)
        sign_in(page)
        page.goto(f"{ROOT}/routes/{ROUTE}")  # which asks both systems what they list
        page.goto(f"{ROOT}/documents/{record.id}")
        page.get_by_role("heading", name=f"Inkoopfactuur {record.number}", exact=True).wait_for()
        assert page.locator("dt", has_text="Leverancier").count() == 1
        assert page.locator("dt", has_text="Klant").count() == 0
        why = page.locator("section[aria-labelledby=why]").inner_text()
        assert "4300 Kantoorkosten, HOOG_INK_21" in why and "HOOG_VERK" not in why
        assert "hoog tarief" in why and "kant van de boekhouding: inkopen, kostensoort: Kantoorkosten (2)" in why
        assert "Geen regel" not in why
        addresses = {link.get_attribute("href") for link in page.locator("a[rel=noreferrer]").all()}
        assert record.target_ref
        assert addresses == {
            f"https://facturen.example.nl/inkoop/{record.number}",
            f"https://boeken.example.nl/mutaties/{record.target_ref.id}?nummer={record.target_number}",
        }
        page.goto(f"{ROOT}/documents")
        listed = {link.get_attribute("href") for link in page.locator("main td a[rel=noreferrer]").all()}
        assert addresses <= listed
        (sold,) = (r for r in office.world.records().values() if r.kind.value == "invoice")
        assert f"https://facturen.example.nl/verkoop/{sold.source_ref.id}" in listed


def test_rules_offer_what_the_program_lists(office: InvoicingDashboard, open_page: Callable[..., Page]) -> None:
    with served(office) as address:
        page = open_page(address)
        sign_in(page)

        def offered(kind: str, label: str) -> list[str]:
            page.goto(f"{ROOT}/routes/{ROUTE}/rules/new?kind={kind}")
            for summary in page.locator("main summary").all():
                if not summary.evaluate("element => element.parentElement.open"):
                    summary.click()
            found = page.get_by_label(label, exact=True).locator("option").all_inner_texts()
            return [text for text in found if text != "(niet ingesteld)"]

        assert offered("vat", "Btw-band") == [
            "hoog tarief",
            "laag tarief",
            "overig",
            "EU, met btw-nummer",
            "buiten de EU",
        ]
        assert "Abonnementen (2)" in offered("account", "Productgroep")
        assert "Kantoorkosten (2)" in offered("cost", "Kostensoort")
        group = "Groep van de klant of leverancier"
        assert [text.partition(" (")[0] for text in offered("vat", group)] == ["Vaste klanten"]
        assert offered("account", group) == offered("vat", group)
        # The program does not list groups of suppliers: their ids are typed.
        assert offered("cost", group) == []
        assert page.get_by_label(group, exact=True).get_attribute("autocomplete") == "off"


def test_a_missing_rule_for_costs_is_set_and_the_purchase_goes(
    own_office: InvoicingDashboard, open_page: Callable[..., Page]
) -> None:
    world = own_office.world
    (waiting,) = world.records(SyncStatus.NEEDS_ATTENTION).values()
    with served(own_office) as address:
        page = open_page(address, width="phone")
        sign_in(page)
        page.get_by_role("link", name="Fouten").click()
        page.get_by_role("link", name=re.compile("Stel in")).click()
        page.get_by_label("Btw-code in de boekhouding").select_option("HOOG_INK_21")
        page.get_by_label("Grootboekrekening of categorie").select_option("7000")
        page.get_by_role("button", name="Probeer uit").click()
        page.get_by_text("Wat er anders zou worden").wait_for()
        assert page.get_by_role("link", name=waiting.number).count() == 1
        page.get_by_role("button", name=re.compile("Opslaan en verwerk")).click()
        page.get_by_text("onderweg").wait_for()
        world.run()
        page.get_by_text(re.compile("aangekomen")).wait_for(timeout=20_000)
    assert own_office.record(waiting.number).status is SyncStatus.VERIFIED


def test_a_policy_is_held_against_the_books_as_rules_are(
    own_office: InvoicingDashboard, open_page: Callable[..., Page]
) -> None:
    """An account of debtors that is none is refused at its field; what the form does not ask for stays as it was."""
    with served(own_office) as address:
        page = open_page(address)
        sign_in(page)
        page.goto(f"{ROOT}/routes/{ROUTE}/policy")
        page.get_by_label("Debiteurenrekening", exact=True).fill("8000")
        page.get_by_role("button", name="Opslaan").click()
        problem = page.locator("#f-receivable_account-problem")
        problem.wait_for()
        assert "8000" in problem.inner_text() and "Debiteuren (1300)" in problem.inner_text()
        look(page, "desk-nl-invoicing-policy-refused")
        page.get_by_label("Debiteurenrekening", exact=True).fill("1300")
        page.get_by_label("facturen", exact=True).check()
        page.get_by_role("button", name="Opslaan").click()
        page.get_by_role("status").wait_for()
    with own_office.world.runtime.database.read() as session:
        tenant = tenants.tenant_by_slug(session, ATELIER)
        (route,) = tenants.list_routes(session, tenant.id)
    assert (route.policy.moves, route.policy.receivable_account) == (("invoices",), "1300")
    assert route.policy.carry_contact_changes


def test_switching_on_tells_of_numbers_that_the_books_hold_already(
    own_office: InvoicingDashboard, open_page: Callable[..., Page]
) -> None:
    """Somebody books an invoice by hand whose number looks like those of the program."""
    books = own_office.world.books
    relation = own_office.world.administration()["open_items"]["debtors"][0]["relation"]
    EboekhoudenBookkeeper(books.root).book(Side.SALES, "F2019-0077", relation, Decimal(10), date(2026, 1, 5))
    with served(own_office) as address:
        page = open_page(address)
        sign_in(page)
        page.goto(f"{ROOT}/routes/{ROUTE}")
        page.get_by_role("button", name="Zet uit").click()
        page.get_by_text("Uitgezet").wait_for()
        assert page.get_by_text("F2019-0077").count() == 0
        page.get_by_role("button", name="Zet aan").click()
        page.get_by_text("Staat aan").wait_for()
        assert page.get_by_text("F2019-0077").count() == 1
        look(page, "desk-nl-invoicing-numbers")
