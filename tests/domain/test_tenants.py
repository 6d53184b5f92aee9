"""Configuration is checked where it is written down."""

import pytest
from pydantic import ValidationError

from boekbrug.domain.tenants import MappingRule, RoutePolicy, TenantConfig

TENANT = {
    "slug": "mokkenhuis",
    "name": "Het Mokkenhuis",
    "connections": [
        {"slug": "winkel", "system": "mijnwebwinkel", "credentials": {"token": "env:MWW_TOKEN"}},
        {"slug": "boeken", "system": "factuursturen", "settings": {"base_url": "https://books.example"}},
    ],
    "routes": [
        {
            "slug": "orders",
            "source": "winkel",
            "target": "boeken",
            "mapping": [{"kind": "vat", "match": {"rate": "21"}, "gives": {"vat_code": "21"}}],
        }
    ],
}


def test_a_tenant_survives_being_written_down():
    tenant = TenantConfig.model_validate(TENANT)
    assert TenantConfig.model_validate_json(tenant.model_dump_json()) == tenant
    assert tenant.routes[0].policy == RoutePolicy()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"slug": "Het Mokkenhuis"}, "is not a slug"),
        ({"slug": "-a"}, "is not a slug"),
        ({"time_zone": "Europe/Oss"}, "is not a time zone"),
        ({"language": "fr"}, "language"),
        ({"surprise": 1}, "surprise"),
        ({"routes": [{"slug": "r", "source": "nergens", "target": "boeken"}]}, "there are: winkel, boeken"),
        ({"connections": TENANT["connections"] * 2}, "stands twice"),
        ({"routes": TENANT["routes"] * 2}, "stands twice"),
    ],
)
def test_what_is_wrong_is_named(change, says):
    with pytest.raises(ValidationError, match=says):
        TenantConfig.model_validate({**TENANT, **change})


def test_a_credential_is_a_reference_never_a_value():
    with pytest.raises(ValidationError, match="credentials"):
        TenantConfig.model_validate(
            {**TENANT, "connections": [{"slug": "w", "system": "s", "credentials": {"token": "geheim"}}], "routes": []}
        )


@pytest.mark.parametrize(
    "wrong",
    [{"tolerance": "-1"}, {"home_country": "nl"}, {"start_on": "2026-02-30"}, {"first_number": -1}],
)
def test_policies_that_cannot_be(wrong):
    with pytest.raises(ValidationError):
        RoutePolicy.model_validate(wrong)


def test_a_rule_reads_as_a_sentence():
    rule = MappingRule.model_validate(
        {"kind": "vat", "match": {"rate": "9", "line_kind": "shipping"}, "gives": {"vat_code": "9"}}
    )
    assert str(rule) == "vat: rate 9, line_kind shipping → vat_code 9"
    assert rule.specificity == 2
    assert str(MappingRule(kind="payment")) == "payment: anything → nothing more"
