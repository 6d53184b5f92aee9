"""An order that changed after it was booked is told in words, with the correction."""

from dataclasses import replace
from datetime import timedelta

import pytest

from boekbrug.domain.documents import Address, Payment
from boekbrug.domain.money import Money
from mappings.corrections import (
    cancelled_after_posting,
    changed_after_posting,
    changes_between,
    correction,
)
from tests.mappings.builders import DAY, HOME, JO, line, order

OLD = order(line("24.20", quantity=2), line("10.90", "9", description="Thee"))


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (replace(OLD, status_id="2", changed_at=DAY + timedelta(days=1)), []),
        (
            order(line("36.30", quantity=3), line("10.90", "9", description="Thee")),
            [
                "totaal EUR 35.10 → EUR 47.20",
                "regel weg: 2 × Mok EUR 24.20 (21%)",
                "regel erbij: 3 × Mok EUR 36.30 (21%)",
            ],
        ),
        (replace(OLD, customer=replace(JO, email="x@example.org")), ["e-mailadres jo@example.org → x@example.org"]),
        (
            replace(OLD, delivery_address=Address()),
            ["afleveradres Jo Voorbeeld, Dorpsstraat 1, 1234AB Oss, NL → -"],
        ),
        (replace(OLD, delivery_address=replace(HOME, city="Os")), None),
        (replace(OLD, payment=Payment(method="paypal")), ["betaalwijze ideal → paypal"]),
        (replace(OLD, payment=Payment(method="ideal", gateway="mollie")), ["overige gegevens"]),
        (replace(OLD, lines=(line("24.2", "21.00", quantity="2.0", net="20.000"), OLD.lines[1])), []),
    ],
)
def test_changes_in_words(new, words):
    changes = changes_between(OLD, new)
    if words is None:
        assert len(changes) == 1
    else:
        assert changes == words


def test_the_correction():
    new = order(line("36.30", quantity=3))
    assert correction(OLD, new).credit == Money.of("35.10") and correction(OLD, new).invoice == Money.of("36.30")
    assert correction(OLD, None).invoice is None
    sentence = changed_after_posting(OLD, new, "F2026001", "en").sentence("en")
    assert "credit F2026001 (EUR 35.10) and invoice EUR 36.30" in sentence and "line removed: 1 × Thee" in sentence
    cancelled = cancelled_after_posting(OLD, "F2026001", "Geannuleerd")
    assert "Geannuleerd" in cancelled.sentence("nl") and "EUR 35.10" in cancelled.sentence("nl")
