"""Payments in the books that do not simply go back to the source."""

from boekbrug.domain.catalogue._kinds import Level, kind

ENTRIES = (
    kind(
        "PAID_ONLY_IN_SOURCE",
        Level.NOTICE,
        (
            "Factuur {number} staat in de boeken nog open voor {open_in_books}, in het facturatieprogramma voor "
            "{open}.",
            "Boek de ontvangst of betaling in het boekhoudpakket als zij er echt was.",
        ),
        (
            "Invoice {number} is still open for {open_in_books} in the books, and for {open} in the invoicing program.",
            "Book the payment in the bookkeeping package if there really was one.",
        ),
    ),
    kind(
        "REPAID_IN_BOOKS",
        Level.WARNING,
        (
            "Op factuur {number} is in de boeken geld teruggeboekt: daar staat {open_in_books} open, in het "
            "facturatieprogramma {open}.",
            "Zet de betaling in het facturatieprogramma met de hand terug.",
        ),
        (
            "Money was paid back on invoice {number} in the books: {open_in_books} is open there, {open} in the "
            "invoicing program.",
            "Undo the payment in the invoicing program by hand.",
        ),
    ),
    kind(
        "PAYMENT_NOT_TAKEN",
        Level.WARNING,
        (
            "Factuur {number} is in de boeken betaald (nog open: {open_in_books}), maar het facturatieprogramma neemt "
            "er in deze status geen betaling op aan.",
            "Controleer de status van de factuur in het facturatieprogramma.",
        ),
        (
            "Invoice {number} was paid in the books (still open: {open_in_books}), but the invoicing program takes no "
            "payment on it in this status.",
            "Check the invoice's status in the invoicing program.",
        ),
    ),
    kind(
        "OVERPAID_IN_BOOKS",
        Level.WARNING,
        (
            "Op factuur {number} is in de boeken meer betaald dan zij bedraagt (open: {open_in_books}).",
            "Verreken het teveel of betaal het terug; in het facturatieprogramma is alleen het openstaande bedrag "
            "betaald.",
        ),
        (
            "In the books more was paid on invoice {number} than its amount (open: {open_in_books}).",
            "Set off or repay the difference; in the invoicing program only the open amount was paid.",
        ),
    ),
    kind(
        "SETTLED_WITHOUT_PAYMENT",
        Level.WARNING,
        (
            "Van factuur {number} is {amount} in de boeken afgeletterd zonder betaling, bijvoorbeeld tegen een "
            "creditfactuur; op welke dag is niet bekend.",
            "Markeer de factuur in het facturatieprogramma zelf als betaald, met de dag van de verrekening.",
        ),
        (
            "Of invoice {number}, {amount} was settled in the books without a payment, for instance against a credit "
            "invoice; on which day is not known.",
            "Mark the invoice as paid in the invoicing program yourself, with the day of the settlement.",
        ),
    ),
)
