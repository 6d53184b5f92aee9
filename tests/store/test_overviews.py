import pytest
from sqlmodel import Session

from boekbrug.domain.records import SyncStatus
from boekbrug.store import overviews
from tests.store.samples import add_tenant, observation, observe


def test_documents_of_each_tenant_are_counted_up_to_a_most(writing: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = add_tenant(writing), add_tenant(writing, "other")
    observe(writing, one, *(observation(str(number)) for number in range(5)))
    observe(writing, other, observation("9"), observation("10", wanted=SyncStatus.NEEDS_ATTENTION))

    def counted() -> list[tuple[int, int, int]]:
        found = overviews.standings(writing, [one.tenant_id, other.tenant_id])
        return [(s.waiting, s.errors, s.mismatches) for s in (found[one.tenant_id], found[other.tenant_id])]

    assert counted() == [(5, 0, 0), (1, 1, 0)]
    monkeypatch.setattr(overviews, "MOST_COUNTED", 3)
    assert counted() == [(4, 0, 0), (1, 1, 0)], "one more than the most: there are more"
