"""What connectors and models say in English reaches a Dutch reader in Dutch."""

from __future__ import annotations

import re

import pytest
from pydantic import ValidationError

from boekbrug.domain.tenants import RouteConfig, RoutePolicy
from connectors.registry import CONNECTORS
from dashboard.foreign import problems_of, translated
from dashboard.i18n import catalogue
from tests.dashboard.conftest import Dashboard
from tests.world import MOKKENHUIS, ROUTE

NL = catalogue("nl").gettext
ENGLISH = re.compile(r"\b(the|must|should|accepted|ledger|last|days|input|value|valid|prices)\b", re.IGNORECASE)


@pytest.mark.parametrize(
    ("english", "dutch"),
    [
        ("30 ledger accounts", "30 grootboekrekeningen"),
        ("3 sales, 4 purchases in the last 30 days", "3 verkopen en 4 inkopen in de laatste 30 dagen"),
        ("key and IP address accepted; Ons Bedrijf", "sleutel en IP-adres aanvaard; Ons Bedrijf"),
        ("Winkel: EUR, prices including VAT", "Winkel: EUR, prijzen inclusief btw"),
        ("what a system says itself", "what a system says itself"),
    ],
)
def test_known_sentences_are_translated_and_others_left(english: str, dutch: str) -> None:
    assert translated(english, NL) == dutch


@pytest.mark.parametrize(
    "settings",
    [
        {"base_url": "onzin"},
        {"base_url": "http://example.org"},
        {"base_url": "https://jo@example.org/"},
        {"timeout": "veel"},
        {"timeout": 0},
        {"concurrency": 33},
        {"concurrency": "1.5"},
        {"document_url": "https://example.org/"},
        {"document_url": "http://example.org/{id}"},
        {"document_url": "https://example.org/{id}?token=abc"},
        {"document_url": "https://jo:x@example.org/{id}"},
        {"document_url": "https://{id}.example.org/"},
        {"document_url": "https://example.org/{name}"},
        {"document_url": "https://example.org/{id}" + "x" * 500},
    ],
)
def test_wrong_settings_are_told_in_dutch(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        CONNECTORS["wefact"].settings.model_validate(settings)
    said = problems_of(caught.value, NL)
    assert set(said) == set(settings) and not ENGLISH.search(" ".join(said.values())), said


def test_wrong_policies_and_schedules_are_told_in_dutch() -> None:
    wrong = {"tolerance": "x", "first_number": -1, "start_on": "gisteren", "home_country": "nederland", "moves": ["x"]}
    wrong |= {"payment_days": 10_000, "reference_label": "x" * 21, "delivery": "duif", "reserve": "1,5"}
    with pytest.raises(ValidationError) as caught:
        RoutePolicy.model_validate(wrong)
    said = problems_of(caught.value, NL)
    assert set(said) == set(wrong) and not ENGLISH.search(" ".join(said.values())), said
    with pytest.raises(ValidationError) as caught:
        RouteConfig.model_validate({"slug": "x", "source": "a", "target": "b", "schedule": "elke dag"})
    assert "geen cron-uitdrukking" in " ".join(problems_of(caught.value, NL).values())


def test_the_pages_show_it(dashboard: Dashboard) -> None:
    browser = dashboard.browser("winkel@example.com")
    checked = browser.post(f"/t/{MOKKENHUIS}/connections/winkel/check").text.split("<main")[1]
    assert "in de laatste 30 dagen" in checked and "prijzen inclusief btw" in checked
    version = re.search(r'name="version" value="(\d+)"', browser.text(f"/t/{MOKKENHUIS}/routes/{ROUTE}/policy"))
    assert version
    data = {"version": version.group(1), "schedule": "0 6 * * *", "tolerance": "veel", "reserve": "9"}
    answer = browser.post(f"/t/{MOKKENHUIS}/routes/{ROUTE}/policy", data)
    assert answer.status_code == 422 and "Dit moet een getal zijn" in answer.text
