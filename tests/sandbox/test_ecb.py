"""The simulated reference rates of the ECB over real HTTP."""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime

import httpx
import pytest

from sandbox._server import Running, running
from sandbox.ecb import Ecb, is_working_day, rate


@pytest.fixture(scope="module")
def served() -> Iterator[Running[Ecb]]:
    with running(Ecb()) as sim:
        yield sim


@pytest.fixture
def sim(served: Running[Ecb]) -> Running[Ecb]:
    served.control.reset()
    return served


def archive(sim: Running[Ecb]) -> httpx.Response:
    return httpx.get(f"{sim.url}/eurofxref-hist.zip")


def rows(sim: Running[Ecb]) -> list[dict[str, str]]:
    with zipfile.ZipFile(io.BytesIO(archive(sim).content)) as file:
        (name,) = file.namelist()
        return list(csv.DictReader(io.StringIO(file.read(name).decode())))


def test_the_table(sim: Running[Ecb]) -> None:
    sim.control.set_clock(datetime(2026, 3, 2, 17, 0, tzinfo=UTC), freeze=True)
    table = rows(sim)
    assert list(table[0])[:3] == ["Date", "USD", "JPY"] and list(table[0])[-1] == ""
    assert [row["Date"] for row in table[:2]] == ["2026-03-02", "2026-02-27"]
    assert table[0]["USD"] == str(rate("USD", date(2026, 3, 2))) and table[0]["RUB"] == "N/A"
    assert next(row for row in table if row["Date"] == "2022-03-01")["RUB"] != "N/A"
    assert table[-1]["Date"] == "2018-01-02"
    assert all(is_working_day(date.fromisoformat(row["Date"])) for row in table)


@pytest.mark.parametrize(("hour", "last"), [(14, "2026-02-27"), (15, "2026-03-02")])
def test_the_days_rates_come_out_at_four_in_frankfurt(sim: Running[Ecb], hour: int, last: str) -> None:
    sim.control.set_clock(datetime(2026, 3, 2, hour, 0, tzinfo=UTC), freeze=True)
    assert rows(sim)[0]["Date"] == last


def test_trouble(sim: Running[Ecb]) -> None:
    sim.control.reset(gone=True)
    assert archive(sim).status_code == 404
    sim.control.reset(broken=True)
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(archive(sim).content))
