"""The catalogue speaks two languages and names only values that both use."""

import pickle
import re
from string import Formatter

import pytest

from boekbrug.domain.catalogue import ENTRIES
from boekbrug.domain.findings import CATALOGUE, Finding, FindingKind, Level, blocking, finding


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("kind", CATALOGUE.values(), ids=lambda kind: kind.code)
def test_both_languages_say_the_same(kind):
    assert names(kind.nl.sentence) == names(kind.en.sentence)
    assert names(kind.nl.suggestion) == names(kind.en.suggestion)
    for text in (kind.nl.sentence, kind.nl.suggestion, kind.en.sentence, kind.en.suggestion):
        assert text.endswith(".") and not text[0].islower()


def test_a_finding_tells_what_is_known_and_never_breaks():
    one = finding("CURRENCY_NOT_OF_THE_BOOKS", currency="USD")
    assert one.sentence("nl") == "Het document is in USD, de boeken zijn in -."
    assert one.blocks and one.level is Level.ERROR
    assert finding("TAX_TOTAL_DIFFERS").blocks is False
    assert blocking((one, finding("TAX_TOTAL_DIFFERS"))) == (one,)


def test_an_unknown_code_is_our_mistake():
    with pytest.raises(KeyError):
        Finding("NO_SUCH_CODE")


def test_findings_can_be_told_apart_and_kept():
    assert len({finding("CREDIT_NOT_SUPPORTED"), finding("CREDIT_NOT_SUPPORTED")}) == 1
    assert finding("VAT_RULE_MISSING", tax="a") != finding("VAT_RULE_MISSING", tax="b")
    assert pickle.loads(pickle.dumps(finding("VAT_RULE_MISSING", tax="a"))) == finding("VAT_RULE_MISSING", tax="a")


def test_every_code_stands_once():
    assert len(ENTRIES) == len(CATALOGUE)


OF_ORDERS_ONLY = {"CREDIT_NOT_SUPPORTED"}


@pytest.mark.parametrize(
    "kind", [kind for kind in CATALOGUE.values() if kind.code not in OF_ORDERS_ONLY], ids=lambda kind: kind.code
)
def test_findings_speak_of_any_source(kind: FindingKind) -> None:
    """The same sentences stand at a shop's orders and an invoicing program's invoices, of either side."""
    for text in (kind.nl.sentence, kind.nl.suggestion, kind.en.sentence, kind.en.suggestion):
        plain = re.sub(r"\{\w+\}", "", text)
        assert not re.search(r"winkel|bestel|\bshop|\borders?\b", plain, re.IGNORECASE), text
