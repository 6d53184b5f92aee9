"""The ECB's reference rates: the published table, and the last rate on or before a day once that is certain."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from boekbrug.domain.clock import ManualClock
from boekbrug.domain.errors import RemoteUnavailable
from boekbrug.domain.exchange import ExchangeRate
from connectors import _http
from connectors.ecb import Ecb, Settings, rates_from_ecb_csv
from sandbox import ecb as simulated
from sandbox._server import running
from tests.connectors.scripted import Server, answering

TABLE = """Date,USD,JPY,RUB,
2026-03-02,1.0873,162.31,N/A,
2026-02-27,1.0811,161.95,N/A,
2022-03-01,1.1162,128.66,117.201,
"""
MONDAY = ExchangeRate(currency="USD", rate=Decimal("1.0873"), on=date(2026, 3, 2))
FRIDAY = replace(MONDAY, rate=Decimal("1.0811"), on=date(2026, 2, 27))


def archive(text: str, name: str = "eurofxref-hist.csv") -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, text)
    return held.getvalue()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 3, 2, 17, 0, tzinfo=UTC))


@pytest.fixture
def ecb(server: Server, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ecb]:
    monkeypatch.setattr(_http, "READ_PAUSE", 0.001)
    with Ecb(Settings(base_url=server.base_url, timeout=2), clock=clock) as rates:
        yield rates


# -- the table


def test_the_last_rate_on_or_before_the_day() -> None:
    rates = rates_from_ecb_csv(TABLE)
    assert rates.rate_on("USD", date(2026, 3, 2)) == MONDAY
    assert rates.rate_on("USD", date(2026, 3, 1)) == FRIDAY  # a Sunday
    assert rates.rate_on("USD", date(2026, 2, 26)) is None  # nothing of that time is known
    assert rates.rate_on("USD", date(2026, 3, 3)) is None  # may still be published
    assert rates.rate_on("RUB", date(2026, 3, 2)) is None  # no longer published
    assert rates.rate_on("RUB", date(2022, 3, 1)) is not None
    assert rates.rate_on("XXX", date(2026, 3, 2)) is None
    assert rates_from_ecb_csv(TABLE, "USD").by_day[date(2026, 3, 2)] == {"USD": Decimal("1.0873")}
    assert rates_from_ecb_csv("Date,USD").rate_on("USD", date(2026, 3, 2)) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>busy</html>",
        "Date,USD\n02-03-2026,1.08",
        "Date,USD\n2026-03-02,1,0873",
        "Date,USD\n2026-03-02,soon",
        "Date,USD\n2026-03-02,0",
        "Date,USD\n2026-03-02,Infinity",
    ],
)
def test_what_is_no_table_of_rates_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="ECB"):
        rates_from_ecb_csv(text)


@pytest.mark.parametrize("rate", ["0", "-1", "NaN"])
def test_what_is_no_rate_is_refused(rate: str) -> None:
    with pytest.raises(ValueError, match="not an exchange rate"):
        replace(MONDAY, rate=Decimal(rate))


# -- read


def test_one_reading_serves_all(ecb: Ecb, server: Server, clock: ManualClock) -> None:
    server.scripts = [answering(body=archive(TABLE), kind="application/zip")]
    assert ecb.rate_on("USD", date(2026, 3, 2)) == MONDAY
    clock.advance(timedelta(days=30))
    assert ecb.rate_on("USD", date(2026, 3, 1)) == FRIDAY
    assert ecb.rate_on("XXX", date(2026, 3, 1)) is None
    (request,) = server.requests
    assert (request.method, request.target) == ("GET", "/api/eurofxref-hist.zip")
    assert request.headers["accept"] == "application/zip"


def test_a_day_that_is_not_published_yet_waits(ecb: Ecb, server: Server, clock: ManualClock) -> None:
    later = TABLE.replace("2026-03-02", "2026-03-03,1.09,1,N/A,\n2026-03-02")
    server.scripts = [answering(body=archive(text), kind="application/zip") for text in (TABLE, later)]
    for _ in range(3):
        with pytest.raises(RemoteUnavailable, match="not published") as caught:
            ecb.rate_on("USD", date(2026, 3, 3))
        assert caught.value.not_before == datetime(2026, 3, 3, 15, 30, tzinfo=UTC)  # half past four in Frankfurt
    assert ecb.rate_on("USD", date(2026, 3, 2)) == MONDAY
    assert len(server.requests) == 1
    clock.advance(timedelta(days=1))
    found = ecb.rate_on("USD", date(2026, 3, 3))
    assert found is not None and found.rate == Decimal("1.09")


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", archive("nothing"), archive("Date,USD"), archive(TABLE, "readme.txt"), archive(TABLE)[:-30]],
)
def test_what_is_no_archive_of_rates_is_not_believed(ecb: Ecb, server: Server, body: bytes) -> None:
    server.scripts = [answering(body=body, kind="application/zip")] * 9
    with pytest.raises(RemoteUnavailable):
        ecb.rate_on("USD", date(2026, 3, 2))


def test_a_file_that_cannot_be_read_is_left_alone_for_a_while(ecb: Ecb, server: Server, clock: ManualClock) -> None:
    server.scripts = [answering(404), answering(body=archive(TABLE), kind="application/zip")]
    with pytest.raises(RemoteUnavailable):
        ecb.rate_on("USD", date(2026, 3, 2))
    with pytest.raises(RemoteUnavailable, match="moment ago") as caught:
        ecb.rate_on("USD", date(2026, 3, 2))
    assert caught.value.not_before is not None and len(server.requests) == 1
    clock.advance(timedelta(minutes=10))
    assert ecb.rate_on("USD", date(2026, 3, 2)) == MONDAY


def test_the_simulated_bank(clock: ManualClock) -> None:
    """Every day of a year, weekends and holidays too, has the rate of the last working day."""
    with running(simulated.Ecb(first_day="2024-12-01")) as bank:
        bank.control.set_clock(clock.now(), freeze=True)
        with Ecb(Settings(base_url=bank.url, timeout=5), clock=clock) as ecb:
            for back in range(1, 366):
                day = date(2026, 3, 1) - timedelta(days=back)
                found = ecb.rate_on("USD", day)
                assert found is not None and found.on <= day and simulated.is_working_day(found.on)
                assert not any(
                    simulated.is_working_day(found.on + timedelta(n)) for n in range(1, (day - found.on).days)
                )
                assert found.rate == simulated.rate("USD", found.on)
            assert ecb.rate_on("RUB", date(2026, 2, 2)) is None
            with pytest.raises(RemoteUnavailable, match="not published"):
                ecb.rate_on("USD", date(2026, 3, 4))
            assert len(list(bank.control.log())) == 1
