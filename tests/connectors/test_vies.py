from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from boekbrug.domain.clock import ManualClock
from boekbrug.domain.tax import VatNumberStatus
from connectors import _http
from connectors._capabilities import VatNumberRegister
from connectors._wire import Json
from connectors.vies import Settings, Vies, status_from_wire
from sandbox._registry import simulator_class
from sandbox._server import Running, running

VALID, INVALID, UNKNOWN = VatNumberStatus.VALID, VatNumberStatus.INVALID, VatNumberStatus.UNKNOWN


@pytest.fixture(scope="module")
def simulator() -> Iterator[Running[Any]]:
    with running(simulator_class("vies")()) as server:
        yield server


@pytest.fixture
def vies(simulator: Running[Any], clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vies]:
    monkeypatch.setattr(_http, "READ_PAUSE", 0.001)
    simulator.control.reset(valid=["BE0123456749", "EL123456789"], invalid=["NL123456789B01"])
    with Vies(Settings(base_url=simulator.url, timeout=1), clock=clock) as register:
        yield register


def test_it_is_a_register(vies: Vies) -> None:
    assert isinstance(vies, VatNumberRegister)


@pytest.mark.parametrize(
    ("number", "status"),
    [("BE0123456749", VALID), ("be 0123.456.749", VALID), ("GR123456789", VALID), ("EL-123456789", VALID),
     ("NL123456789B01", INVALID), ("", INVALID), ("0123456749", INVALID), ("BE", INVALID),
     ("BE1234567890123", INVALID)],
)  # fmt: skip
def test_numbers(vies: Vies, number: str, status: VatNumberStatus) -> None:
    assert vies.check(number) is status


def test_an_answer_is_kept_for_the_day(vies: Vies, simulator: Running[Any], clock: ManualClock) -> None:
    for _ in range(3):
        assert vies.check("BE0123456749") is VALID
        assert vies.check("NL123456789B01") is INVALID
    assert len(simulator.control.log()) == 2
    clock.sleep(86_400)
    assert vies.check("BE0123456749") is VALID
    assert len(simulator.control.log()) == 3


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("trouble", [{"busy": ["BE"]}, {"unavailable": ["BE"]}, {"down": True}, {"blocked": True}])
def test_unavailable_is_unknown(
    vies: Vies, simulator: Running[Any], clock: ManualClock, trouble: dict[str, Any], status: int
) -> None:
    simulator.control.set_options(**trouble, error_status=status)
    assert vies.check("BE0123456749") is UNKNOWN
    simulator.control.reset(valid=["BE0123456749"])
    assert vies.check("BE0123456749") is UNKNOWN, "not asked again at once"
    assert simulator.control.log() == []
    clock.sleep(61)
    assert vies.check("BE0123456749") is VALID


def test_one_member_state_down_leaves_the_others(vies: Vies, simulator: Running[Any]) -> None:
    simulator.control.set_options(unavailable=["BE"])
    assert vies.check("BE0123456749") is UNKNOWN
    assert vies.check("NL123456789B01") is INVALID


@pytest.mark.parametrize(
    "fault",
    [{"kind": "cut"}, {"kind": "html", "status": 200}, {"kind": "gibberish"}, {"kind": "delay", "seconds": 1.5},
     {"kind": "status", "status": 404}, {"kind": "status", "status": 429}, {"kind": "truncate", "keep": 20}],
    ids=str,
)  # fmt: skip
def test_broken_is_unknown(vies: Vies, simulator: Running[Any], fault: dict[str, Any]) -> None:
    simulator.control.add_fault(**fault)
    assert vies.check("BE0123456749") is UNKNOWN


@pytest.mark.parametrize(
    ("payload", "status"),
    [
        ({"countryCode": "BE", "vatNumber": "0123456749", "valid": True}, VALID),
        ({"countryCode": "BE", "vatNumber": "0123456749", "valid": False}, INVALID),
        ({"countryCode": "BE", "vatNumber": "0999999999", "valid": True}, UNKNOWN),
        ({"countryCode": "BE", "vatNumber": "0123456749", "valid": "perhaps"}, UNKNOWN),
        ({"countryCode": "BE", "vatNumber": "0123456749"}, UNKNOWN),
        ({"actionSucceed": False, "errorWrappers": [{"error": "INVALID_INPUT"}]}, INVALID),
        ({"actionSucceed": False, "errorWrappers": [{"error": "VAT_BLOCKED"}]}, UNKNOWN),
        ({"actionSucceed": False, "errorWrappers": []}, UNKNOWN),
        ({"errorWrappers": ["x"]}, UNKNOWN),
        ([], UNKNOWN),
        ("valid", UNKNOWN),
        (None, UNKNOWN),
    ],
)
def test_only_a_clear_answer_counts(payload: Json, status: VatNumberStatus) -> None:
    assert status_from_wire(payload, "BE", "0123456749") is status
