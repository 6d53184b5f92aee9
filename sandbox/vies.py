"""The simulated VIES (REST): is a VAT number of another member state valid today?

A number is valid when its check digits are right and no option says otherwise; names and addresses are
invented. Errors come with the HTTP status an option names, 200 by default, as the real service often has it.
"""

import re
from collections.abc import Sequence
from random import Random
from typing import Annotated, ClassVar, Literal, cast
from uuid import UUID

from pydantic import BeforeValidator, Field
from starlette.responses import Response
from stdnum.eu import vat

from sandbox._app import Call, JsonObject, Options, Refusal, Route, Simulator, json_response, route


def _names(value: object) -> object:
    """``a,b,c`` or a list."""
    return [name.strip().upper() for name in value.split(",") if name.strip()] if isinstance(value, str) else value


Names = Annotated[list[str], BeforeValidator(_names)]

MEMBER_STATES = (
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "EL", "ES", "FI", "FR", "HR", "HU", "IE", "IT", "LT",
    "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "XI",
)  # fmt: skip
TEST_ANSWERS = {
    "100": "VALID", "200": "INVALID", "201": "INVALID_INPUT", "202": "INVALID_REQUESTER_INFO",
    "300": "SERVICE_UNAVAILABLE", "301": "MS_UNAVAILABLE", "302": "TIMEOUT", "400": "VAT_BLOCKED",
    "401": "IP_BLOCKED", "500": "GLOBAL_MAX_CONCURRENT_REQ", "501": "GLOBAL_MAX_CONCURRENT_REQ_TIME",
    "600": "MS_MAX_CONCURRENT_REQ", "601": "MS_MAX_CONCURRENT_REQ_TIME",
}  # fmt: skip
"""What the test service answers by number; to any other number SERVICE_UNAVAILABLE."""

_MATCHED = ("Name", "Street", "PostalCode", "City", "CompanyType")


class ViesOptions(Options):
    """Who is valid, who is down, and how errors look."""

    valid: Names = Field([], description="numbers with prefix that are valid whatever their check digits")
    invalid: Names = Field([], description="numbers with prefix that are not registered")
    unavailable: Names = Field([], description="member states that do not answer: MS_UNAVAILABLE")
    busy: Names = Field([], description="member states with too many requests: MS_MAX_CONCURRENT_REQ")
    down: bool = Field(False, description="the whole service: SERVICE_UNAVAILABLE")
    blocked: bool = Field(False, description="the caller: IP_BLOCKED")
    withheld: Names = Field(["DE", "ES"], description="member states that do not disclose name and address: ---")
    error_status: Literal[200, 400, 500] = Field(200, description="HTTP status of an error")
    requester_names: Literal["official", "stdnum", "both"] = Field(
        "official",
        description="names of the requester fields: requesterMemberStateCode and requesterNumber, "
        "or requesterCountryCode and requesterVatNumber",
    )


class Vies(Simulator[ViesOptions]):
    """Knows no accounts; ``books`` tells who was asked about."""

    name: ClassVar[str] = "vies"
    base_path: ClassVar[str] = "/taxation_customs/vies/rest-api"
    options_type = ViesOptions

    def fill(self) -> None:
        self._checks: list[JsonObject] = []

    def credentials(self) -> Sequence[str]:
        return ["none: the service is public"]

    def books(self) -> JsonObject:
        return {"checks": self._checks}

    def routes(self) -> Sequence[Route]:
        return [
            route("POST", "/check-vat-number", self._check),
            route("POST", "/check-vat-test-service", self._check_test),
            route("GET", "/check-status", self._show_status),
            route("GET", "/ms/{country}/vat/{number}", self._check_for_page),
        ]

    def not_found(self, call: Call) -> Response:
        return json_response({"timestamp": self.clock.now().isoformat(), "status": 404, "error": "Not Found"}, 404)

    def _check(self, call: Call) -> Response:
        asked = _texts(call)
        country, number = asked.get("countryCode", ""), asked.get("vatNumber", "")
        requester = self._requester(asked)
        verdict = self._verdict(country, number, requester)
        self._checks.append({"countryCode": country, "vatNumber": number, "verdict": verdict})
        return self._answer(asked, verdict, requester)

    def _check_test(self, call: Call) -> Response:
        asked = _texts(call)
        verdict = TEST_ANSWERS.get(asked.get("vatNumber", ""), "SERVICE_UNAVAILABLE")
        return self._answer(asked, verdict, self._requester(asked))

    def _check_for_page(self, call: Call) -> Response:
        country, number = call.params["country"], call.params["number"]
        verdict = self._verdict(country, number, "")
        self._checks.append({"countryCode": country, "vatNumber": number, "verdict": verdict})
        name, address = self._trader(country, number) if verdict == "VALID" else ("---", "---")
        return json_response({
            "isValid": verdict == "VALID", "requestDate": self._now(), "userError": verdict, "name": name,
            "address": address, "requestIdentifier": "", "originalVatNumber": number, "vatNumber": number,
        })  # fmt: skip

    def _show_status(self, call: Call) -> Response:
        out = {*self.options.unavailable, *(MEMBER_STATES if self.options.down else ())}
        return json_response({
            "vow": {"available": not self.options.down},
            "countries": [{"countryCode": code, "availability": "Unavailable" if code in out else "Available"}
                          for code in MEMBER_STATES],
        })  # fmt: skip

    def _requester(self, asked: dict[str, str]) -> str:
        official = asked.get("requesterMemberStateCode", "") + asked.get("requesterNumber", "")
        stdnum = asked.get("requesterCountryCode", "") + asked.get("requesterVatNumber", "")
        match self.options.requester_names:
            case "official":
                return official
            case "stdnum":
                return stdnum
        return official or stdnum

    def _verdict(self, country: str, number: str, requester: str) -> str:
        """VALID, INVALID or an error code, in the order in which the real service finds out."""
        options = self.options
        if options.blocked:
            return "IP_BLOCKED"
        if country not in MEMBER_STATES or not re.fullmatch(r"[0-9A-Za-z+*.]{2,12}", number):
            return "INVALID_INPUT"
        if requester and not self._is_valid(requester):
            return "INVALID_REQUESTER_INFO"
        if options.down:
            return "SERVICE_UNAVAILABLE"
        if country in options.unavailable:
            return "MS_UNAVAILABLE"
        if country in options.busy:
            return "MS_MAX_CONCURRENT_REQ"
        return "VALID" if self._is_valid(country + number.upper()) else "INVALID"

    def _is_valid(self, number: str) -> bool:
        if number in self.options.invalid or number[:2] not in MEMBER_STATES:
            return False
        return number in self.options.valid or vat.is_valid(number)

    def _answer(self, asked: dict[str, str], verdict: str, requester: str) -> Response:
        if verdict not in ("VALID", "INVALID"):
            error = {"actionSucceed": False, "errorWrappers": [{"error": verdict}]}
            raise Refusal(self.options.error_status, error)
        country, number = asked.get("countryCode", ""), asked.get("vatNumber", "")
        name, address = self._trader(country, number) if verdict == "VALID" else ("---", "---")
        identifier = _invented_identifier(country + number + self._now()) if requester and verdict == "VALID" else ""
        return json_response({
            "countryCode": country, "vatNumber": number, "requestDate": self._now(),
            "valid": verdict == "VALID", "requestIdentifier": identifier, "name": name, "address": address,
            **{f"trader{what}": asked.get(f"trader{what}") or "---" for what in _MATCHED},
            **{f"trader{what}Match": self._match(what, asked, name, address) for what in _MATCHED},
        })  # fmt: skip

    def _match(self, what: str, asked: dict[str, str], name: str, address: str) -> str:
        given = asked.get(f"trader{what}", "")
        known = name if what == "Name" else address
        if not given or known == "---" or what == "CompanyType":
            return "NOT_PROCESSED"
        return "VALID" if given.casefold() in known.casefold() else "INVALID"

    def _trader(self, country: str, number: str) -> tuple[str, str]:
        """Invented, and always the same for one number."""
        if country in self.options.withheld:
            return "---", "---"
        chance = Random(country + number)
        name = f"{chance.choice(('ALFA', 'BETA', 'DELTA', 'GAMMA', 'SIGMA'))} HANDEL {number[-3:]}"
        return name, f"MARKT {chance.randint(1, 99)}\n{chance.randint(1000, 9999)} VOORBEELD"

    def _now(self) -> str:
        return self.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _texts(call: Call) -> dict[str, str]:
    content = call.json()
    if not isinstance(content, dict):
        raise Refusal(400, {"actionSucceed": False, "errorWrappers": [{"error": "INVALID_INPUT"}]})
    return {name: value for name, value in cast(JsonObject, content).items() if isinstance(value, str)}


def _invented_identifier(of: str) -> str:
    """Proof of the enquiry; the real one is an opaque text such as WAPIAAAAX…"""
    return f"WAPI{UUID(int=Random(of).getrandbits(128)).hex[:16].upper()}"
