"""An invoicing program's route, story by story: contacts, invoices of both sides, changes afterwards, payments back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from boekbrug.domain.errors import OutcomeUnknown, RateLimited, RemoteUnavailable, SettingsInvalid
from boekbrug.domain.records import SyncStatus
from boekbrug.domain.windows import DailyWindow
from boekbrug.store import payments, tenants
from connectors.eboekhouden_soap import EboekhoudenSoap
from connectors.wefact import Wefact
from tasks.contacts import carry_contacts
from tasks.fetching import fetch_changed
from tasks.migrating import PlainSteps, bring_over, take_note
from tasks.payments import bring_payments_back
from tasks.planning import plan_migration
from tasks.pushing import push_due
from tasks.reporting import recorded_run
from tasks.route_work import MIGRATION_LANES, open_route
from tasks.runtime import using
from tasks.standing import start
from tests.invoicing.world import ATELIER, ROUTE, InvoicingWorld

HOUR = timedelta(hours=1)


def entries(world: InvoicingWorld) -> list[dict[str, Any]]:
    return [one for one in world.administration()["mutations"] if one["entry_number"].startswith("BB-")]


def paid(world: InvoicingWorld, number: str) -> int:
    rows = (*world.program()["invoices"], *world.program()["purchases"])
    return int(next(row["paid"] for row in rows if row["code"] == number))


def test_every_kind_of_document_becomes_its_entry(world: InvoicingWorld) -> None:
    sold = world.grow(invoices=2, cases=["mixed_vat", "hand_credit"], purchases=2, purchase_cases=["plain", "credit"])
    report = world.run()
    assert (report.pushed.posted, report.verified.verified, report.needs_attention) == (4, 4, 0)
    kinds = {number: record.kind for number, record in world.records().items()}
    assert [kinds[number] for number in sold["invoices"]] == ["invoice", "credit_note"]
    assert [kinds[number] for number in sold["purchases"]] == ["purchase_invoice", "purchase_credit_note"]
    by_number = {one["invoice_number"]: one for one in entries(world)}
    assert by_number[sold["invoices"][0]]["kind"] == "FactuurVerstuurd"
    assert by_number[sold["invoices"][1]]["gross"] < 0


def test_two_routes_that_can_give_the_same_number_book_nothing(world: InvoicingWorld) -> None:
    """As when another route was switched on by somebody who did not check."""
    world.grow(invoices=1, cases=["plain"])
    world.demo_tenant(second_route={"slug": "nog-eens"})
    with pytest.raises(SettingsInvalid, match="nog-eens"):
        world.run()
    assert entries(world) == []
    world.demo_tenant(second_route={"slug": "nog-eens", "enabled": False})
    assert world.run().pushed.posted == 1


def test_reading_that_is_cut_off_goes_on_from_there(world: InvoicingWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """More may have changed than an hour's calls can read."""
    world.demo_tenant(policy={"moves": ["invoices"]})
    numbers = []
    for _ in range(2):
        numbers += world.grow(invoices=1, cases=["plain"])["invoices"]
        world.clock.advance(HOUR)
    whole = Wefact.read_changed_invoices
    since = []

    def cut_off(self: Wefact, side: Any, moment: Any) -> Iterator[Any]:
        since.append(moment)
        (page,) = whole(self, side, moment)
        yield page[:1]
        raise RateLimited("no more calls this hour")

    monkeypatch.setattr(Wefact, "read_changed_invoices", cut_off)
    for _ in range(2):
        with world.opened() as work, pytest.raises(RateLimited):
            fetch_changed(work)
    assert list(world.records()) == numbers[:1]
    overlap = timedelta(hours=work.runtime.settings.overlap_hours)
    assert since[1] > since[0]
    assert abs(since[1] + overlap - (world.clock.now() - 2 * HOUR)) < timedelta(minutes=10)


def test_what_moves_is_a_choice(world: InvoicingWorld) -> None:
    world.demo_tenant(policy={"moves": ["invoices"]})
    world.grow(invoices=1, cases=["plain"], purchases=1, purchase_cases=["plain"])
    report = world.run()
    assert (report.pushed.posted, report.contacts.read, report.payments.compared) == (1, 0, 0)
    assert [one["kind"] for one in entries(world)] == ["FactuurVerstuurd"]
    assert len(world.administration()["relations"]) == 1, "an entry needs its relation all the same"


def test_an_invoice_that_changed_after_it_was_booked_gets_its_correction_computed(world: InvoicingWorld) -> None:
    (number,) = world.grow(invoices=1, cases=["plain"])["invoices"]
    world.run()
    before = entries(world)
    found = world.act("invoice", "show", InvoiceCode=number)["invoice"]
    line = found["InvoiceLines"][0]
    world.clock.advance(HOUR)
    world.act(
        "invoice", "edit", InvoiceCode=number,
        InvoiceLines=[{"Identifier": line["Identifier"], "PriceExcl": str(float(line["PriceExcl"]) + 10)}],
    )  # fmt: skip
    report = world.run()
    assert report.fetched.changed_after_posting == 1
    record = world.records()[number]
    assert (record.status, [f.code for f in record.findings]) == (SyncStatus.MISMATCH, ["CHANGED_AFTER_POSTING"])
    assert entries(world) == before


# -- contacts


def test_a_contact_is_found_or_created_once_and_its_changes_follow(world: InvoicingWorld) -> None:
    world.grow(invoices=1, cases=["plain"])
    with world.opened() as work:
        assert carry_contacts(work).linked == 1
        assert carry_contacts(work).linked == 0
    (relation,) = world.administration()["relations"]
    (debtor,) = world.program()["debtors"]
    world.clock.advance(HOUR)
    world.act("debtor", "edit", Identifier=debtor["id"], City="Zierikzee")
    with world.opened() as work:
        assert carry_contacts(work).changed == 1
        assert carry_contacts(work).changed == 0
    (after,) = world.administration()["relations"]
    assert (after["id"], after["Plaats"]) == (relation["id"], "Zierikzee")


def test_without_the_policy_a_relation_is_left_as_it_is(world: InvoicingWorld) -> None:
    world.demo_tenant(policy={"carry_contact_changes": False})
    world.grow(invoices=1, cases=["plain"])
    world.run()
    before = world.administration()["relations"]
    (debtor,) = world.program()["debtors"]
    world.clock.advance(HOUR)
    world.act("debtor", "edit", Identifier=debtor["id"], City="Zierikzee")
    world.run()
    assert world.administration()["relations"] == before


def test_everything_can_be_imported_once(world: InvoicingWorld) -> None:
    world.grow(invoices=3, cases=["plain"], days=1)
    world.demo_tenant(policy={"start_on": (world.clock.now() + timedelta(days=2)).date().isoformat()})
    world.clock.advance(timedelta(days=9))
    with world.opened() as work:
        assert carry_contacts(work).read == 0
        carried = carry_contacts(work, everything=True)
    assert carried.linked == len(world.program()["debtors"]) + len(world.program()["creditors"])


# -- payments back


@pytest.fixture
def invoice(world: InvoicingWorld) -> Iterator[tuple[str, int]]:
    """A booked invoice: its number and what is open."""
    (number,) = world.grow(invoices=1, cases=["plain"])["invoices"]
    world.run()
    record = world.records()[number]
    assert record.gross is not None
    yield number, record.gross.cents


def bring(world: InvoicingWorld) -> Any:
    with world.opened() as work:
        return bring_payments_back(work)


def kept(world: InvoicingWorld) -> dict[payments.PaymentProgress, int]:
    with world.runtime.database.read() as session:
        tenant = tenants.tenant_by_slug(session, ATELIER)
        (route,) = tenants.list_routes(session, tenant.id)
        return {state: n for state, n in payments.count_payments(session, tenant.id, route.id).items() if n}


def test_part_payments_come_back_as_parts_with_their_days(world: InvoicingWorld, invoice: tuple[str, int]) -> None:
    number, cents = invoice
    yesterday = (world.clock.now() - timedelta(days=1)).date()
    world.pay(number, cents=100, day=yesterday.isoformat())
    world.pay(number, cents=250)
    assert bring(world).registered == 2
    row = next(one for one in world.program()["invoices"] if one["code"] == number)
    assert [(one["amount"], one["paid_on"]) for one in row["payments"]] == [
        (100, yesterday.isoformat()), (250, world.clock.now().date().isoformat()),
    ]  # fmt: skip
    world.pay(number)
    assert (bring(world).registered, bring(world).registered) == (1, 0)
    assert paid(world, number) == cents
    assert world.run().fetched.changed_after_posting == 0, "what we told the source is no change of the invoice"
    assert world.records()[number].status is SyncStatus.VERIFIED


def test_a_payment_on_a_purchase_comes_back(world: InvoicingWorld) -> None:
    (number,) = world.grow(purchases=1, purchase_cases=["plain"])["purchases"]
    world.run()
    record = world.records()[number]
    world.pay(record.target_number, purchase=True)
    assert (bring(world).registered, bring(world).registered) == (1, 0)
    assert record.gross is not None and paid(world, number) == record.gross.cents


def test_a_payment_whose_answer_was_lost_is_not_told_again(
    world: InvoicingWorld, invoice: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    number, _ = invoice
    world.pay(number, cents=100)
    register = Wefact.register_payment

    def answer_lost(*args: Any, **kwargs: Any) -> Any:
        register(*args, **kwargs)
        raise OutcomeUnknown("the connection was lost")

    monkeypatch.setattr(Wefact, "register_payment", answer_lost)
    assert bring(world).later == 1
    monkeypatch.undo()
    assert bring(world).registered == 0, "too early to tell"
    world.clock.advance(HOUR)
    done = bring(world)
    assert (done.concluded, done.registered, paid(world, number)) == (1, 0, 100)
    assert kept(world) == {payments.PaymentProgress.REGISTERED: 1}


@pytest.mark.parametrize("landed", [False, True])
def test_a_run_that_dies_while_telling_is_made_good(
    world: InvoicingWorld, invoice: tuple[str, int], monkeypatch: pytest.MonkeyPatch, landed: bool
) -> None:
    number, _ = invoice
    world.pay(number, cents=100)
    register = Wefact.register_payment

    def died(*args: Any, **kwargs: Any) -> Any:
        if landed:
            register(*args, **kwargs)
        raise KeyboardInterrupt

    monkeypatch.setattr(Wefact, "register_payment", died)
    with pytest.raises(KeyboardInterrupt):
        bring(world)
    monkeypatch.undo()
    assert kept(world) == {payments.PaymentProgress.INTENDED: 1}
    world.clock.advance(HOUR)
    done = bring(world)
    assert (done.concluded, done.registered) == (int(landed), int(not landed))
    assert paid(world, number) == 100


def sleeping_through(monkeypatch: pytest.MonkeyPatch, world: InvoicingWorld, connector: Any, name: str) -> None:
    """The process is suspended between its claim and what the connector then does."""
    real = getattr(connector, name)

    def asleep(*args: Any, **kwargs: Any) -> Any:
        world.clock.advance(HOUR)
        return real(*args, **kwargs)

    monkeypatch.setattr(connector, name, asleep)


def test_a_process_that_slept_through_its_claim_tells_no_payment(
    world: InvoicingWorld, invoice: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else may have had its claim since, and have told it."""
    number, _ = invoice
    world.pay(number, cents=100)
    sleeping_through(monkeypatch, world, Wefact, "register_payment")
    assert (bring(world).later, paid(world, number)) == (1, 0)
    monkeypatch.undo()
    assert (bring(world).registered, paid(world, number)) == (1, 100)


def test_a_process_that_slept_through_its_claim_creates_no_contact(
    world: InvoicingWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.act("debtor", "add", CompanyName="Nieuwe klant", EmailAddress="nieuw@example.test", Country="NL")
    sleeping_through(monkeypatch, world, EboekhoudenSoap, "create_contact")
    with world.opened() as work:
        assert carry_contacts(work).later == 1
    assert world.administration()["relations"] == []
    monkeypatch.undo()
    with world.opened() as work:
        assert carry_contacts(work).linked == 1
    assert len(world.administration()["relations"]) == 1


def test_while_one_run_tells_another_one_leaves_it_alone(
    world: InvoicingWorld, invoice: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    number, _ = invoice
    world.pay(number, cents=100)
    world.pay(number, cents=50)
    register, other = Wefact.register_payment, []

    def meanwhile(*args: Any, **kwargs: Any) -> Any:
        if not other:
            other.append(None)
            other.append(bring(world))
        return register(*args, **kwargs)

    monkeypatch.setattr(Wefact, "register_payment", meanwhile)
    assert bring(world).registered == 2
    assert (other[1].registered, other[1].later) == (0, 1)
    assert paid(world, number) == 150


def test_a_source_that_is_away_keeps_the_payment_for_the_next_run(
    world: InvoicingWorld, invoice: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    number, _ = invoice
    world.pay(number, cents=100)

    def away(*args: Any, **kwargs: Any) -> Any:
        raise RemoteUnavailable("away")

    monkeypatch.setattr(Wefact, "register_payment", away)
    with pytest.raises(RemoteUnavailable):
        bring(world)
    monkeypatch.undo()
    assert (bring(world).registered, kept(world)) == (1, {payments.PaymentProgress.REGISTERED: 1})


def test_what_a_person_told_the_source_is_not_told_again(world: InvoicingWorld, invoice: tuple[str, int]) -> None:
    number, cents = invoice
    world.pay(number)
    world.act("invoice", "markaspaid", InvoiceCode=number)
    assert bring(world).registered == 0
    assert paid(world, number) == cents


# -- nothing twice


def test_an_answer_lost_after_the_booking_leaves_one_entry(world: InvoicingWorld) -> None:
    (number,) = world.grow(invoices=1, cases=["plain"])["invoices"]
    with world.opened() as work:
        fetch_changed(work)
    world.books.control.add_fault("cut", containing="AddMutatie", when="after", times=1)
    with world.opened() as work:
        push_due(work)
    world.clock.advance(HOUR)
    world.run()
    assert [one["invoice_number"] for one in entries(world)] == [number]
    assert world.records()[number].status is SyncStatus.VERIFIED


def test_a_route_goes_on_over_the_other_interface_without_booking_anything_again(world: InvoicingWorld) -> None:
    world.grow(invoices=2, cases=["plain"], purchases=1, purchase_cases=["plain"])
    with world.opened() as work:
        fetch_changed(work)
        push_due(work)  # posted, and not compared yet
    before = entries(world)
    assert len(before) == 3
    world.demo_tenant(over_rest=True)
    world.grow(invoices=1, cases=["plain"])
    report = world.run()
    assert (report.pushed.posted, report.verified.verified, report.verified.mismatch) == (1, 4, 0)
    after = entries(world)
    assert [one for one in after if one in before] == before and len(after) == 4
    sold = [record for record in world.records().values() if record.kind.side == "sales"]
    for record in sold:
        world.pay(record.target_number)
    assert world.run().payments.registered == len(sold)


def test_history_goes_over_like_a_shops(world: InvoicingWorld) -> None:
    today = world.clock.now().date()
    world.demo_tenant(policy={"start_on": today.isoformat()})
    world.grow(invoices=6, cases=["plain", "hand_credit"], purchases=3, purchase_cases=["plain"], days=40)
    world.run()
    before = len(entries(world))
    with using(world.runtime), open_route(ATELIER, ROUTE, lanes=MIGRATION_LANES) as work:
        first_on, last_on = today - timedelta(days=60), today - timedelta(days=1)
        migration, _ = plan_migration(work, first_on, last_on, window=DailyWindow(), per_window=None, who="test")
        assert migration.plan.shop_count == migration.plan.read
        start(world.runtime, work.tenant.id, migration.id, accepts_earlier_periods=False, who="test")
        with recorded_run(work) as report:
            bring_over(work, migration.id, PlainSteps(), report)
        standing = take_note(work, migration.id)
    assert standing.migration.state == "completed"
    assert len(entries(world)) - before == standing.counts.posted == migration.plan.shop_count
    assert {record.status for record in world.records().values()} == {SyncStatus.VERIFIED}
