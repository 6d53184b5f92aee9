"""No secret is shown, every error travels between processes, and tenants share nothing."""

from __future__ import annotations

import io
import pickle
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest

from boekbrug.domain.documents import Side
from boekbrug.domain.errors import BoekbrugError
from connectors._capabilities import BookingTarget, InvoiceSource, LedgerTarget, OrderSource, PaymentTarget
from connectors._capabilities import Capability as Can
from connectors.registry import CONNECTORS, open_connector, read_credentials, remote_account
from tests.conformance.sites import InvoiceSite, Site, TargetSite, failure_of, sealed
from tests.conformance.stands import STANDS, InvoiceStand, LedgerStand, SourceStand, TargetStand
from tests.conformance.test_refusing import READING, WRITING, something_read
from tests.conformance.test_writing import SINCE, booking, debtor_for


def everything_in(error: BaseException) -> str:
    """All that an error could show anywhere, along the whole chain."""
    parts: list[str] = []
    todo: list[BaseException | None] = [error]
    while todo:
        link = todo.pop()
        if link is not None:
            parts += [repr(link), str(link), repr(vars(link)), "".join(traceback.format_exception(link))]
            todo += [link.__cause__, link.__context__]
    return "\n".join(parts)


def check_error(error: BoekbrugError, secrets: list[str]) -> None:
    shown = everything_in(error)
    for secret in secrets:
        assert f"'{secret}'" not in shown and f"={secret}" not in shown and f":{secret}" not in shown
        assert len(secret) < 8 or secret not in shown
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) and vars(again) == vars(error)


def test_every_connector_has_a_stand() -> None:
    assert set(STANDS) == set(CONNECTORS)
    for name, kind in CONNECTORS.items():
        assert kind.name == name and kind.title
        assert isinstance(STANDS[name], SourceStand) is (Can.ORDER_SOURCE in kind.capabilities)
        assert isinstance(STANDS[name], TargetStand) is (Can.BOOKING_TARGET in kind.capabilities)
        assert isinstance(STANDS[name], InvoiceStand) is (Can.INVOICE_SOURCE in kind.capabilities)
        assert isinstance(STANDS[name], LedgerStand) is (Can.LEDGER_TARGET in kind.capabilities)


def test_a_connector_has_what_it_says(site: Site) -> None:
    connector = site.open()
    capabilities = CONNECTORS[site.system].capabilities
    assert isinstance(connector, OrderSource) is (Can.ORDER_SOURCE in capabilities)
    assert isinstance(connector, BookingTarget) is (Can.BOOKING_TARGET in capabilities)
    assert isinstance(connector, InvoiceSource) is (Can.INVOICE_SOURCE in capabilities)
    assert isinstance(connector, PaymentTarget) is (Can.PAYMENT_TARGET in capabilities)
    assert isinstance(connector, LedgerTarget) is (Can.LEDGER_TARGET in capabilities)


def test_every_setting_is_described_and_has_a_default(site: Site) -> None:
    kind = CONNECTORS[site.system]
    for field in kind.settings.model_fields.values():
        assert field.description and not field.is_required()
    assert kind.settings().base_url.startswith("https://")  # type: ignore[call-arg]
    assert all(field.description for field in kind.credentials.model_fields.values())


def test_no_failure_to_read_shows_a_secret(site: Site, logged: io.StringIO) -> None:
    secrets = site.secrets()
    for fault, _ in READING:
        site.control.clear_faults()
        site.control.add_fault(**fault | {"seconds": 0.5 if fault["kind"] == "delay" else 0})
        connector = site.open(timeout=0.2)
        for read in something_read(connector):
            check_error(failure_of(read), secrets)
        assert not any(secret in repr(connector) + str(vars(connector)) for secret in secrets)
    site.control.clear_faults()
    something_read(site.open())[0]()
    for secret in secrets:
        assert f"={secret}" not in logged.getvalue()
        assert len(secret) < 8 or secret not in logged.getvalue()


def test_no_failure_to_write_shows_a_secret(target: TargetSite, logged: io.StringIO) -> None:
    books = target.open()
    document = booking(books)
    for fault, _ in WRITING:
        target.control.clear_faults()
        target.control.add_fault(**fault, **target.stand.document_write)
        check_error(failure_of(lambda: books.post_document(document)), target.secrets())
    assert not any(secret in logged.getvalue() for secret in target.secrets())


def test_no_failure_to_tell_of_a_payment_shows_a_secret(payments: InvoiceSite, logged: io.StringIO) -> None:
    connector = payments.open()
    state = next(state for state in connector.read_unpaid(Side.SALES) if state.payable)
    for fault, _ in WRITING:
        payments.control.clear_faults()
        payments.control.add_fault(**fault, **payments.stand.payment_write)
        again = payments.open()
        pay = lambda again=again: again.register_payment(state, amount=state.open_amount, paid_on=SINCE)  # noqa: E731
        check_error(failure_of(pay), payments.secrets())
    assert not any(secret in logged.getvalue() for secret in payments.secrets())


def test_credentials_and_accounts_show_no_secret(site: Site) -> None:
    stand = site.stand
    names = {remote_account(site.system, {}, sealed(login)) for login in (stand.credentials, stand.other_credentials)}
    assert len(names) == (1 if stand.shares_limits else 2), "who limits are counted for has a budget"
    assert names == {
        remote_account(site.system, {}, sealed(login)) for login in (stand.other_credentials, stand.credentials)
    }
    credentials = read_credentials(site.system, sealed(stand.credentials))
    shown = repr(credentials) + str(credentials) + credentials.model_dump_json() + " ".join(names)
    assert not any(stand.credentials[name] in shown for name in stand.secrets)


def test_a_wrong_credential_is_not_repeated(site: Site) -> None:
    broken = {name: f"geheim-{name}\x00" for name in site.stand.credentials} | {"extra": "geheim-extra"}
    login = sealed(broken)
    error = failure_of(lambda: open_connector(site.system, {"base_url": "x"}, login, site.meter))
    assert "base_url" in str(error)
    error = failure_of(lambda: open_connector(site.system, {}, login, site.meter))
    assert "geheim" not in everything_in(error)
    assert all(name in str(error) for name in broken)


@pytest.mark.parametrize("settings", [{"no_such": 1}, {"timeout": "soon"}, {"timeout": 0}, {"base_url": "http://x.nl"}])
def test_a_wrong_setting_is_named(site: Site, settings: dict[str, object]) -> None:
    error = failure_of(lambda: open_connector(site.system, settings, sealed(site.stand.credentials), site.meter))  # type: ignore[arg-type]
    assert next(iter(settings)) in str(error)
    check_error(error, [])


def test_an_unknown_system_lists_those_there_are(site: Site) -> None:
    error = failure_of(lambda: open_connector("winkeltje", {}, {}, site.meter))
    assert site.system in str(error)


def test_two_tenants_write_in_their_own_books(target: TargetSite) -> None:
    ours, theirs = target.open(), target.open(other=True)
    debtor_for(ours)
    document = booking(ours)
    ref = ours.post_document(document).target_ref
    assert theirs.find_documents(document.our_reference, since=SINCE) == []
    assert theirs.read_documents([ref], since=SINCE) == {}
    assert theirs.find_contacts(document.debtor.contact) == []


def test_many_threads_share_one_connection(target: TargetSite) -> None:
    books = target.open(concurrency=4)
    documents = [booking(books, str(number)) for number in range(3000, 3012)]
    with ThreadPoolExecutor(8) as pool:
        refs = [posted.target_ref for posted in pool.map(books.post_document, documents)]
    assert len(set(refs)) == len(documents)
    found = books.read_documents(refs, since=SINCE)
    assert [found[ref].our_reference for ref in refs] == [document.our_reference for document in documents]
    assert target.meter.open_calls == 0
