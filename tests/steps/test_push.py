"""Pushing: the right debtor, once; nothing of a debtor ever changed; nobody mailed; the account's limit obeyed; a write
whose answer was lost is looked up before anything else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from boekbrug.domain.documents import PostedDocument
from boekbrug.domain.errors import NotAuthenticated, RemoteUnavailable
from boekbrug.domain.records import SyncRecord, SyncStatus
from boekbrug.store import moves
from tasks import settling
from tasks.fetching import fetch_changed
from tests.world import DE_BIE, MOKKENHUIS, World

UNLIMITED = {"documents_per_period": None}


def email_of(world: World, number: int) -> str:
    return str(world.shop_orders()[number]["email"])


def clients(world: World) -> dict[int, dict[str, Any]]:
    return {client["clientnr"]: client for client in world.account()["clients"]}


def calls(world: World, method: str, path: str) -> list[dict[str, Any]]:
    return [c for c in world.books.control.log() if c["method"] == method and str(c["path"]).endswith(path)]


# -- debtors


def test_the_debtor_is_found_by_e_mail_address_whatever_its_case(world: World) -> None:
    number = world.order()
    client = world.add_client(contact="Iemand anders", email=email_of(world, number).upper())
    before = clients(world)
    world.run()
    assert world.invoices()[number]["clientnr"] == client
    assert clients(world) == before, "a debtor is never changed"


def test_two_orders_of_one_new_customer_in_one_run_make_one_debtor(world: World) -> None:
    first, second, third = world.order(), world.order(), world.order()
    email = email_of(world, first)
    for number, spelling in ((second, email.upper()), (third, email.title())):
        world.edit(number, {"debtor": {"email": spelling}})
    world.run()
    assert len(clients(world)) == 1
    assert len({world.invoices()[number]["clientnr"] for number in (first, second, third)}) == 1


def test_two_debtors_with_one_address_take_the_first_active_and_say_so(world: World) -> None:
    number = world.order()
    email = email_of(world, number)
    world.add_client(contact="Oud", email=email, active="false")
    active = world.add_client(contact="Nieuw", email=email)
    world.add_client(contact="Dubbel", email=email)
    world.run()
    assert world.invoices()[number]["clientnr"] == active
    (found,) = [f for f in world.record(number).findings if f.code == "DEBTOR_AMBIGUOUS"]
    assert (found.values["count"], found.values["debtor"]) == ("3", str(active))
    assert len(clients(world)) == 3


def test_a_guest_without_e_mail_address_is_found_by_name_and_address(world: World) -> None:
    number, again = world.order("guest_no_email"), world.order("guest_no_email")
    world.edit(again, {"debtor": world.wire(number)["debtor"]})
    other = world.order("guest_no_email")
    world.edit(other, {"debtor": world.wire(number)["debtor"] | {"name": "Iemand Anders"}})
    invoice = world.wire(other)["debtor"]["address"]["invoice"] | {"name": "Iemand Anders"}
    world.edit(other, {"debtor": {"address": {"invoice": invoice}}})
    world.run()
    numbers = {n: i["clientnr"] for n, i in world.invoices().items()}
    assert numbers[number] == numbers[again] != numbers[other]
    assert len(clients(world)) == 2


def test_a_guest_and_a_company_with_one_address_are_one_debtor_and_the_difference_is_told(
    make_world: Callable[..., World],
) -> None:
    world = make_world(shop={"orders": 60, "shops": 1}, books={"invoices_per_hour": 0})
    world.demo_tenant(books=UNLIMITED)
    world.run()
    pair = [n for n, row in world.shop_orders().items() if row["case"] == "guest_and_company"]
    assert len({world.invoices()[n]["clientnr"] for n in pair}) == 1
    assert {code for n in pair for code in world.codes(n)} == {"CUSTOMER_DETAIL_DIFFERS"}


def test_nobody_to_look_up_waits_for_a_person(world: World) -> None:
    number = world.order()
    empty = {"name": "", "company": "", "email": "", "address": {"invoice": {"name": "", "company": ""}}}
    world.edit(number, {"debtor": empty})
    world.run()
    assert world.codes(number) == {"CUSTOMER_UNKNOWN"}
    assert clients(world) == {}


def test_an_extax_debtor_in_a_shop_with_vat_gets_the_total_that_the_customer_paid(world: World) -> None:
    cases = ("odd_cents", "mixed_vat", "shipping_split", "plain", "discount_two_rates")
    numbers = [world.order(case) for case in cases]
    for number in numbers:
        world.add_client(contact="Zonder btw", email=email_of(world, number), tax_type="extax")
    world.run()
    shop, books = world.shop_orders(), world.invoices()
    assert {n: books[n]["gross"] for n in numbers} == {n: shop[n]["total_cents"] for n in numbers}


def test_an_intax_debtor_in_a_shop_without_vat_gets_the_total_that_the_customer_paid(
    make_world: Callable[..., World],
) -> None:
    world = make_world(books={"invoices_per_hour": 0})
    world.demo_tenant(DE_BIE, books=UNLIMITED)
    numbers = [world.order(case, DE_BIE) for case in ("odd_cents", "mixed_vat", "excl_prices", "plain")]
    shop = world.shop_orders(DE_BIE)
    for number in numbers:
        world.add_client(DE_BIE, contact="Met btw", email=str(shop[number]["email"]), tax_type="intax")
    world.run(DE_BIE)
    assert {n: i["gross"] for n, i in world.invoices(DE_BIE).items()} == {n: shop[n]["total_cents"] for n in numbers}


@pytest.mark.parametrize(
    ("case", "shifted", "code"),
    [
        ("plain", "true", "DEBTOR_REVERSE_CHARGED"),
        ("reverse_charge", "false", "DEBTOR_NOT_REVERSE_CHARGED"),
    ],
)
def test_a_debtors_reverse_charge_must_be_that_of_the_order(world: World, case: str, shifted: str, code: str) -> None:
    number = world.order(case)
    client = world.add_client(
        contact="Klant", email=email_of(world, number), tax_type="extax" if shifted == "true" else "intax",
        tax_shifted=shifted,
    )  # fmt: skip
    before = clients(world)
    world.run()
    assert world.codes(number) == {code}
    assert world.invoices() == {}
    assert clients(world) == before
    world.books.simulator._accounts["demo1"].clients[client].fields["tax_shifted"] = (
        "false" if shifted == "true" else "true"
    )
    assert world.run().pushed.tried == 0, "what only the books can tell is not tried in every run"
    world.retry(number)
    world.run()
    assert world.record(number).status is SyncStatus.VERIFIED, "mended by hand in the books"


def test_a_new_reverse_charged_debtor_is_created_as_such(world: World) -> None:
    number = world.order("reverse_charge")
    world.run()
    client = clients(world)[world.invoices()[number]["clientnr"]]
    assert (client["tax_shifted"], client["tax_type"]) == ("true", "extax")
    assert set(world.invoices()[number]["rates"]) == {"0"}


def test_the_payment_rule_can_name_a_collective_debtor(world: World) -> None:
    number, other = world.order("gift_card"), world.order("domestic_business")
    collective = world.add_client(contact="Kadobonnen", stddiscount="0")
    rule = {"kind": "payment", "match": {"payment_method": "webshop_giftcard"}, "gives": {"debtor": str(collective)}}
    world.demo_tenant(books=UNLIMITED, without="giftcard", rules=(rule,))
    world.run()
    assert world.invoices()[number]["clientnr"] == collective != world.invoices()[other]["clientnr"]
    assert world.record(number).status is SyncStatus.VERIFIED, "its name is not the customer's, as meant"


def test_a_collective_debtor_that_is_not_there_is_told(world: World) -> None:
    number = world.order("gift_card")
    rule = {"kind": "payment", "match": {"payment_method": "webshop_giftcard"}, "gives": {"debtor": "4711"}}
    world.demo_tenant(books=UNLIMITED, without="giftcard", rules=(rule,))
    world.run()
    assert world.codes(number) == {"DEBTOR_NOT_IN_BOOKS"}


# -- what is sent


def test_nobody_gets_mail_and_paid_orders_are_paid(world: World) -> None:
    for case in ("plain", "mixed_vat", "domestic_business", "reverse_charge"):
        world.order(case)
    world.run()
    assert world.account()["outbox"] == []
    assert {i["sendmethod"] for i in world.invoices().values()} == {"mail"}
    assert {i["open"] for i in world.invoices().values()} == {0}


def test_delivery_by_e_mail_is_a_choice_of_the_route(world: World) -> None:
    number = world.order()
    world.demo_tenant(books=UNLIMITED, policy={"delivery": "email"})
    world.run()
    (sent,) = world.account()["outbox"]
    assert sent["to"] == email_of(world, number)


def test_a_payment_that_is_still_to_come_leaves_the_invoice_open(world: World) -> None:
    number = world.order("domestic_business")
    rule = {"kind": "payment", "match": {"payment_method": "invoice"}, "gives": {"paid": False}}
    world.demo_tenant(books=UNLIMITED, without="method: invoice", rules=(rule,))
    world.run()
    invoice = world.invoices()[number]
    assert invoice["open"] == invoice["gross"] > 0
    assert world.record(number).status is SyncStatus.VERIFIED


def test_the_order_number_and_our_reference_stand_on_the_invoice(world: World) -> None:
    number = world.order("domestic_business")
    world.run()
    line1, line2, line3 = world.invoices()[number]["reference"]
    assert (line1, line3) == (f"Order {number}", world.record(number).our_reference)
    assert line2 == world.wire(number)["reference"]


# -- refused


def test_what_the_books_refuse_waits_with_their_answer_and_is_not_sent_again_by_itself(world: World) -> None:
    refused, other = world.order(), world.order()
    world.books.control.add_fault(
        "status", method="POST", path="/invoices", containing=f"Order {refused}", status=400, body="Ongeldige categorie"
    )
    world.run()
    (found,) = world.record(refused).findings
    assert (found.code, found.values["answer"]) == ("REFUSED_BY_BOOKS", "Ongeldige categorie")
    assert world.record(other).status is SyncStatus.VERIFIED
    world.books.control.clear_faults()
    sent = len(world.writes())
    world.run()
    assert len(world.writes()) == sent


def test_a_key_that_is_switched_off_stops_the_run_and_loses_nothing(world: World) -> None:
    number = world.order()
    world.books.control.set_options(suspended=["demo1"])
    with pytest.raises(NotAuthenticated):
        world.run()
    assert world.record(number).status is SyncStatus.PENDING
    world.books.control.set_options(suspended=[])
    world.clock.advance(timedelta(minutes=5))
    assert world.run().pushed.posted == 1


def test_books_that_are_away_are_not_tried_forty_times(world: World) -> None:
    for _ in range(12):
        world.order()
    world.run()
    for _ in range(12):
        world.order()
    world.books.control.add_fault("status", method="POST", path="/(invoices|clients)$", status=503)
    sent = len(world.writes())
    world.books.control.add_fault("cut", path="/", when="before")
    with pytest.raises(RemoteUnavailable):
        world.run()
    assert len(world.writes()) - sent < 10
    world.books.control.clear_faults()
    world.clock.advance(timedelta(minutes=5))
    assert world.run().pushed.posted == 12
    assert len(world.invoices()) == 24


# -- unknown outcomes


@pytest.mark.parametrize("fault", [{"kind": "cut"}, {"kind": "cut", "reset": True}, {"kind": "status", "status": 500}])
def test_a_write_whose_answer_was_lost_is_found_in_the_books(world: World, fault: dict[str, Any]) -> None:
    number, other = world.order(), world.order()
    world.books.control.add_fault(
        method="POST", path="/invoices$", containing=f"Order {number}", when="after", times=1, **fault
    )
    report = world.run()
    assert (report.pushed.unknown, report.pushed.adopted, report.waiting) == (1, 1, 0)
    assert {world.record(n).status for n in (number, other)} == {SyncStatus.VERIFIED}
    assert world.invoices().keys() == {number, other}  # each once


def test_a_write_that_never_landed_is_sent_again_in_the_same_run(world: World) -> None:
    number = world.order()
    world.books.control.add_fault("cut", method="POST", path="/invoices$", when="before", times=1)
    report = world.run()
    assert (report.pushed.unknown, report.pushed.posted, report.waiting) == (1, 1, 0)
    assert world.record(number).status is SyncStatus.VERIFIED
    assert len(world.invoices()) == 1


def test_a_lost_write_that_takes_long_to_show_is_settled_by_a_later_run(world: World) -> None:
    number = world.order()
    world.demo_tenant(books=UNLIMITED | {"settle_seconds": 900})
    world.books.control.add_fault("cut", method="POST", path="/invoices$", when="after", times=1)
    report = world.run()
    assert (report.pushed.unknown, report.waiting) == (1, 1)
    assert report.goes_on_at == world.clock.now() + timedelta(seconds=900)
    assert world.run().pushed.tried == 0, "not before it can be looked up for certain"
    world.clock.advance_to(report.goes_on_at)
    assert world.run().pushed.adopted == 1
    assert world.invoices().keys() == {number}


def test_a_debtor_whose_creation_was_lost_is_not_created_twice(world: World) -> None:
    number = world.order()
    world.books.control.add_fault("cut", method="POST", path="/clients$", when="after", times=1)
    report = world.run()
    while report.goes_on_at is not None:
        world.clock.advance_to(report.goes_on_at)
        report = world.run()
    assert world.record(number).status is SyncStatus.VERIFIED
    assert len(clients(world)) == 1


def test_a_store_that_forgot_everything_sends_nothing_twice(world: World, make_world: Callable[..., World]) -> None:
    """A backup was put back: what it does not know of stands in the books under our reference."""
    for _ in range(3):
        world.order()
    world.run()
    fresh = make_world()
    fresh.shop, fresh.books = world.shop, world.books
    fresh.demo_tenant(books=UNLIMITED)
    report = fresh.run()
    assert (report.pushed.posted, report.pushed.adopted) == (0, 3)
    assert len(world.invoices()) == 3
    assert {record.status for record in fresh.records().values()} == {SyncStatus.VERIFIED}


# -- the limit


def test_a_refusal_over_the_limit_ends_the_run_and_says_when_it_goes_on(make_world: Callable[..., World]) -> None:
    """The account is shared: somebody else used part of the hour, which only the 403 tells."""
    world = make_world(books={"invoices_per_hour": 5})
    world.demo_tenant(books=UNLIMITED)
    for _ in range(12):
        world.order()
    began = world.clock.now()
    report = world.run()
    assert report.pushed.posted == 5
    assert report.waiting == 7
    assert report.goes_on_at is not None
    assert timedelta(minutes=59) < report.goes_on_at - began <= timedelta(minutes=62)
    refused = world.account()["limits"]["invoices"]["refused"]
    assert 1 <= refused <= 4, "at most what was already under way"
    assert {r.status for r in world.records(MOKKENHUIS, SyncStatus.PENDING).values()} == {SyncStatus.PENDING}
    sent = len(calls(world, "POST", "/invoices"))
    world.run()
    assert len(calls(world, "POST", "/invoices")) == sent, "blocked is blocked, for every run"
    hours = 1
    while report.goes_on_at is not None:
        world.clock.advance_to(report.goes_on_at + timedelta(seconds=90))
        report = world.run()
        hours += 1
    assert hours <= 4
    assert len(world.invoices()) == 12


def test_a_short_wait_is_waited_for(make_world: Callable[..., World]) -> None:
    world = make_world(books={"invoices_per_hour": 0}, patience_seconds=120)
    world.demo_tenant(books={"documents_per_period": 4, "documents_period": 100, "concurrency": 1})
    for _ in range(12):
        world.order()
    began = world.clock.now()
    report = world.run()
    assert (report.pushed.posted, report.goes_on_at) == (12, None)
    assert world.clock.now() - began >= timedelta(seconds=200)


def test_the_shops_own_limit_is_waited_for_or_told(make_world: Callable[..., World]) -> None:
    world = make_world(shop={"orders": 20, "calls_per_minute": 6}, books={"invoices_per_hour": 0})
    world.demo_tenant(books=UNLIMITED, shop={"calls_per_period": 5, "calls_period": 60})
    world.run()
    shop: Any = world.shop.control.log()
    assert 429 not in {call["status"] for call in shop}


def left_in_flight(world: World) -> None:
    """As a run leaves all documents that ends between claiming and sending."""
    with world.runtime.database.write() as session:
        for record in world.records().values():
            assert moves.claim(session, record.tenant_id, record.id, world.clock.now(), 60)
    world.clock.advance(timedelta(minutes=5))


def test_all_writes_of_a_run_that_died_are_looked_up_however_many_there_are(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = {world.order() for _ in range(3)}
    with world.opened() as work:
        fetch_changed(work)
    left_in_flight(world)
    monkeypatch.setattr(settling, "PAGE", 1)
    with world.opened() as work:
        assert settling.settle_and_adopt(work).released == 3
    world.run()
    assert world.invoices().keys() == numbers


def test_what_another_run_takes_over_while_it_is_looked_up_is_not_looked_up_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two runs that are slower than their claims would take it from each other for ever."""
    numbers = {str(world.order()) for _ in range(3)}
    with world.opened() as work:
        fetch_changed(work)
    left_in_flight(world)
    looked_up: list[str] = []

    def slow(_: object, record: SyncRecord, __: object) -> list[PostedDocument]:
        assert record.number not in looked_up
        looked_up.append(record.number)
        world.clock.advance(timedelta(hours=1))
        with world.runtime.database.write() as session:
            assert moves.claim_stale(session, record.tenant_id, record.id, world.clock.now(), 60)
        world.clock.advance(timedelta(hours=1))
        return []

    monkeypatch.setattr(settling, "PAGE", 1)
    with world.opened() as work, monkeypatch.context() as patched:
        patched.setattr(type(work.writer), "look_up", slow)
        assert settling.settle_and_adopt(work).released == 0
    assert set(looked_up) == numbers
    world.run()
    assert {str(number) for number in world.invoices()} == numbers
