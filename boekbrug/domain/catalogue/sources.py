"""What an invoicing program's document shows when it is read, and what the program says of a payment."""

from boekbrug.domain.catalogue._kinds import Level, kind

ENTRIES = (
    kind(
        "LINES_DIFFER_FROM_TOTAL",
        Level.WARNING,
        (
            "De regels tellen op tot {lines} zonder btw, de factuur noemt {total}.",
            "Het totaal van de factuur is leidend; controleer de factuur in het facturatieprogramma.",
        ),
        (
            "The lines add up to {lines} without VAT, the invoice states {total}.",
            "The invoice's total leads; check the invoice in the invoicing program.",
        ),
    ),
    kind(
        "PARTLY_PRIVATE",
        Level.WARNING,
        (
            "Van deze inkoop is {percentage}% privé; het privédeel wordt niet apart geboekt.",
            "Boek het privédeel met de hand over.",
        ),
        (
            "Of this purchase {percentage}% is private; the private part is not booked apart.",
            "Move the private part by hand.",
        ),
    ),
    kind(
        "PAYMENT_REFUSED",
        Level.ERROR,
        (
            "Het facturatieprogramma nam de betaling niet aan: {answer}.",
            "Los op wat het programma noemt, of zet de factuur daar met de hand op betaald.",
        ),
        (
            "The invoicing program refused the payment: {answer}.",
            "Mend what the program names, or mark the invoice as paid there by hand.",
        ),
    ),
    kind(
        "PAYMENT_STATE_CHANGED",
        Level.NOTICE,
        (
            "In het facturatieprogramma is intussen iets aan de betaling veranderd: {before} stond open, nu {now}.",
            "Geen actie nodig: de stand wordt opnieuw gelezen.",
        ),
        (
            "In the invoicing program something about the payment changed meanwhile: {before} was open, now {now}.",
            "Nothing to do: its state is read again.",
        ),
    ),
    kind(
        "PAYMENT_DATED_OTHERWISE",
        Level.WARNING,
        (
            "De betaling staat in het facturatieprogramma op {said} in plaats van op {paid_on}.",
            "Wijzig bij de verbinding de instelling pay_date_name, en herstel de datum in het programma.",
        ),
        (
            "The invoicing program dates the payment {said} instead of {paid_on}.",
            "Change the connection's setting pay_date_name, and mend the date in the program.",
        ),
    ),
)
