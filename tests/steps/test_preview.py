"""The dry run says what a run then does, also of documents that an earlier run met."""

from __future__ import annotations

from datetime import timedelta

import pytest

from boekbrug.domain.records import SyncStatus
from boekbrug.store import moves
from tasks import fetching
from tasks.preview import Preview, preview_documents
from tasks.progress import unwatched
from tests.world import World


def told(world: World) -> dict[int, Preview]:
    with world.opened() as work:
        previews = list(preview_documents(work, unwatched))
    found = {int(preview.number): preview for preview in previews}
    assert len(found) == len(previews), "each once"
    return found


@pytest.fixture
def refused(world: World) -> int:
    """An order that the books refused, for a reason that only they know."""
    number = world.order()
    world.books.control.add_fault("status", method="POST", path="/invoices", status=400, body="Ongeldige categorie")
    world.run()
    world.books.control.clear_faults()
    assert world.codes(number) == {"REFUSED_BY_BOOKS"}
    return number


@pytest.mark.parametrize("read_again", [200, 0])  # how much of what waits a run reads again
def test_what_waits_for_a_person_is_not_said_to_go_over(
    world: World, refused: int, read_again: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "LOOK_AGAIN_AT_MOST", read_again)
    world.clock.advance(timedelta(days=60))  # no longer among what changed lately
    preview = told(world)[refused]
    assert (preview.verdict, {f.code for f in preview.findings}) == ("refuse", {"REFUSED_BY_BOOKS"})
    world.run()
    assert refused not in world.invoices()
    world.retry(refused)
    assert told(world)[refused].verdict == "book"
    world.run()
    assert refused in world.invoices()


def test_what_waits_for_a_person_goes_over_when_the_order_was_changed(world: World, refused: int) -> None:
    assert told(world)[refused].verdict == "refuse"
    world.edit(refused, {"reference": "another"})
    assert told(world)[refused].verdict == "book"
    world.run()
    assert refused in world.invoices()


def test_what_a_person_skipped_is_not_said_to_go_over(world: World, refused: int) -> None:
    record = world.record(refused)
    with world.runtime.database.write() as session:
        moves.skip(session, record.tenant_id, record.id, world.clock.now(), who="eva", reason="paid in cash")
    assert told(world)[refused].verdict == "skip"
    world.run()
    assert world.record(refused).status is SyncStatus.SKIPPED


def test_what_waited_for_a_rule_goes_over_when_there_is_one(world: World) -> None:
    number = world.order("unknown_payment")
    world.run()
    preview = told(world)[number]
    assert (preview.verdict, {f.code for f in preview.findings}) == ("refuse", {"PAYMENT_RULE_MISSING"})
    (missing,) = preview.findings
    rule = {
        "kind": "payment",
        "match": {"payment_method": missing.values["method"]},
        "gives": {"payment_name": "Spaarpunten"},
    }
    world.demo_tenant(books={"documents_per_period": None}, rules=(rule,))
    assert told(world)[number].verdict == "book"
