"""What can be wrong with the document itself."""

from boekbrug.domain.catalogue._kinds import Level, kind

ENTRIES = (
    kind(
        "DOCUMENT_UNREADABLE",
        Level.ERROR,
        (
            "De bestelling kon niet worden gelezen: {field}: {problem}.",
            "Controleer de bestelling in de winkel; klopt die daar, meld het dan met het bestelnummer.",
        ),
        (
            "The order could not be read: {field}: {problem}.",
            "Check the order in the shop; if it is right there, report it with the order number.",
        ),
    ),
    kind(
        "TOTALS_DO_NOT_ADD_UP",
        Level.ERROR,
        (
            "De regels tellen op tot {lines}, maar het totaal van de bestelling is {total}.",
            "Herstel de bestelling in de winkel en druk op Verwerk, of boek haar met de hand.",
        ),
        (
            "The lines add up to {lines}, but the order's total is {total}.",
            "Mend the order in the shop and press Process, or book it by hand.",
        ),
    ),
    kind(
        "LINE_TAX_DOES_NOT_FIT",
        Level.ERROR,
        (
            "Regel '{line}': {gross} incl. en {net} excl. btw passen niet bij {rate}%.",
            "Herstel de regel in de winkel en druk op Verwerk.",
        ),
        (
            "Line '{line}': {gross} incl. and {net} excl. VAT do not fit {rate}%.",
            "Mend the line in the shop and press Process.",
        ),
    ),
    kind(
        "TAX_TOTAL_DIFFERS",
        Level.NOTICE,
        (
            "De winkel noemt {stated} btw bij {rate}%, de regels geven {computed}.",
            "Geen actie nodig: de regels zijn leidend.",
        ),
        (
            "The shop states {stated} VAT at {rate}%, the lines give {computed}.",
            "Nothing to do: the lines lead.",
        ),
    ),
    kind(
        "TAX_TOTAL_FAR_OFF",
        Level.WARNING,
        (
            "De winkel noemt {stated} btw bij {rate}%, de regels geven {computed}: meer dan een afrondingsverschil.",
            "De regels zijn geboekt; controleer de btw van de bestelling in de winkel.",
        ),
        (
            "The shop states {stated} VAT at {rate}%, the lines give {computed}: more than rounding explains.",
            "The lines were booked; check the order's VAT in the shop.",
        ),
    ),
    kind(
        "CURRENCY_NOT_OF_THE_BOOKS",
        Level.ERROR,
        (
            "De bestelling is in {currency}, de boeken zijn in {books}.",
            "Boek de bestelling met de hand tegen de koers die u hanteert.",
        ),
        (
            "The order is in {currency}, the books are in {books}.",
            "Book the order by hand at the exchange rate you use.",
        ),
    ),
    kind(
        "NOTHING_TO_INVOICE",
        Level.ERROR,
        ("De bestelling heeft geen regels.", "Sla de bestelling over met een reden."),
        ("The order has no lines.", "Skip the order with a reason."),
    ),
    kind(
        "NEGATIVE_TOTAL",
        Level.ERROR,
        (
            "Het totaal is {total}: minder dan nul, terwijl dit geen creditbestelling is of al een credit is.",
            "Boek de bestelling met de hand.",
        ),
        (
            "The total is {total}: below zero, though this is no credit order or already a credit.",
            "Book the order by hand.",
        ),
    ),
)
