"""The simulated VIES over real HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast

import httpx
import pytest

from sandbox._server import Running, running
from sandbox.vies import MEMBER_STATES, TEST_ANSWERS, Vies

BELGIAN = {"countryCode": "BE", "vatNumber": "0123456749"}
DUTCH_REQUESTER = {"requesterMemberStateCode": "NL", "requesterNumber": "004495445B01"}


@pytest.fixture(scope="module")
def served() -> Iterator[Running[Vies]]:
    with running(Vies()) as sim:
        yield sim


@pytest.fixture(scope="module")
def client(served: Running[Vies]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url) as client:
        yield client


@pytest.fixture
def sim(served: Running[Vies]) -> Running[Vies]:
    served.control.reset()
    return served


@pytest.fixture
def api(sim: Running[Vies], client: httpx.Client) -> httpx.Client:
    return client


def number(country: str, rest: str) -> dict[str, str]:
    return {"countryCode": country, "vatNumber": rest}


def check(api: httpx.Client, asked: dict[str, str], status: int = 200) -> dict[str, Any]:
    answer = api.post("/check-vat-number", json=asked)
    assert answer.status_code == status, answer.text
    return cast(dict[str, Any], answer.json())


def error(code: str) -> dict[str, object]:
    return {"actionSucceed": False, "errorWrappers": [{"error": code}]}


def test_valid_number(sim: Running[Vies], api: httpx.Client) -> None:
    sim.control.set_clock(datetime(2026, 3, 14, 12, 0, tzinfo=UTC), freeze=True)
    answer = check(api, BELGIAN)
    assert (answer["valid"], answer["countryCode"], answer["vatNumber"]) == (True, "BE", "0123456749")
    assert answer["requestDate"] == "2026-03-14T12:00:00.000Z"
    assert answer["name"] not in ("", "---")
    assert "\n" in answer["address"]
    assert answer["requestIdentifier"] == "", "only a requester gets proof"
    assert answer == check(api, BELGIAN), "the same trader every time"
    assert sim.control.books() == {"checks": [BELGIAN | {"verdict": "VALID"}] * 2}


def test_invalid_numbers(sim: Running[Vies], api: httpx.Client) -> None:
    wrong = check(api, number("BE", "0123456700"))
    assert (wrong["valid"], wrong["name"], wrong["address"]) == (False, "---", "---")
    sim.control.set_options(invalid=["BE0123456749"], valid=["BE0123456700"])
    assert check(api, BELGIAN)["valid"] is False
    assert check(api, number("BE", "0123456700"))["valid"] is True


@pytest.mark.parametrize(
    ("country", "rest"),
    [
        ("GR", "094259216"),
        ("GB", "980780684"),
        ("EU", "372000041"),
        ("", "0123456749"),
        ("BE", "0"),
        ("BE", "0123 456"),
        ("BE", "01234567490123"),
    ],
)
def test_invalid_input(api: httpx.Client, country: str, rest: str) -> None:
    assert check(api, number(country, rest)) == error("INVALID_INPUT")


def test_greece_and_northern_ireland(api: httpx.Client) -> None:
    assert check(api, number("EL", "094259216"))["valid"] is True
    assert check(api, number("XI", "980780684"))["valid"] is True


def test_withheld_names(api: httpx.Client) -> None:
    answer = check(api, number("DE", "136695976"))
    assert (answer["valid"], answer["name"], answer["address"]) == (True, "---", "---")


def test_requester_gets_proof(sim: Running[Vies], api: httpx.Client) -> None:
    assert check(api, BELGIAN | DUTCH_REQUESTER)["requestIdentifier"].startswith("WAPI")
    wrong = DUTCH_REQUESTER | {"requesterNumber": "123456789B01"}
    assert check(api, BELGIAN | wrong) == error("INVALID_REQUESTER_INFO")
    others = {"requesterCountryCode": "NL", "requesterVatNumber": "004495445B01"}
    assert check(api, BELGIAN | others)["requestIdentifier"] == "", "names the official file does not know"
    sim.control.set_options(requester_names="both")
    assert check(api, BELGIAN | others)["requestIdentifier"] != ""
    assert check(api, BELGIAN | DUTCH_REQUESTER)["requestIdentifier"] != ""


def test_trader_details_are_matched(api: httpx.Client) -> None:
    name = check(api, BELGIAN)["name"]
    answer = check(api, BELGIAN | {"traderName": name.lower(), "traderCity": "Elders"})
    assert (answer["traderNameMatch"], answer["traderCityMatch"], answer["traderStreetMatch"]) == (
        "VALID",
        "INVALID",
        "NOT_PROCESSED",
    )


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"unavailable": ["BE"]}, "MS_UNAVAILABLE"),
        ({"busy": ["BE"]}, "MS_MAX_CONCURRENT_REQ"),
        ({"down": True}, "SERVICE_UNAVAILABLE"),
        ({"blocked": True}, "IP_BLOCKED"),
    ],
)
def test_errors_also_with_200(
    sim: Running[Vies], api: httpx.Client, options: dict[str, object], code: str, status: int
) -> None:
    sim.control.set_options(error_status=status, **options)
    assert check(api, BELGIAN, status) == error(code)
    if "busy" in options or "unavailable" in options:
        assert check(api, number("EL", "094259216"))["valid"] is True, "other states go on"


@pytest.mark.parametrize("rest", [*TEST_ANSWERS, "999"])
def test_test_service(api: httpx.Client, rest: str) -> None:
    answer = api.post("/check-vat-test-service", json=number("NL", rest)).json()
    expected = TEST_ANSWERS.get(rest, "SERVICE_UNAVAILABLE")
    if expected in ("VALID", "INVALID"):
        assert answer["valid"] is (expected == "VALID")
    else:
        assert answer == error(expected)


def test_status(sim: Running[Vies], api: httpx.Client) -> None:
    sim.control.set_options(unavailable="de, fr")
    status = api.get("/check-status").json()
    assert status["vow"] == {"available": True}
    assert [country["countryCode"] for country in status["countries"]] == list(MEMBER_STATES)
    down = {entry["countryCode"] for entry in status["countries"] if entry["availability"] == "Unavailable"}
    assert down == {"DE", "FR"}
    sim.control.set_options(down=True)
    assert api.get("/check-status").json()["vow"] == {"available": False}


def test_the_web_pages_own_call(sim: Running[Vies], api: httpx.Client) -> None:
    answer = api.get("/ms/BE/vat/0123456749").json()
    assert (answer["isValid"], answer["userError"]) == (True, "VALID")
    sim.control.set_options(unavailable=["BE"])
    answer = api.get("/ms/BE/vat/0123456749").json()
    assert (answer["isValid"], answer["userError"]) == (False, "MS_UNAVAILABLE")


def test_bodies_that_are_no_object(api: httpx.Client) -> None:
    assert api.post("/check-vat-number", json=["BE"]).status_code == 400
    assert api.post("/check-vat-number", content=b"BE").status_code == 400
