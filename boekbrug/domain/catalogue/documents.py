"""What can be wrong with the document itself."""

from boekbrug.domain.catalogue._kinds import Level, kind

ENTRIES = (
    kind(
        "DOCUMENT_UNREADABLE",
        Level.ERROR,
        (
            "Het document kon niet worden gelezen: {field}: {problem}.",
            "Controleer het document in de bron; klopt het daar, meld het dan met zijn nummer.",
        ),
        (
            "The document could not be read: {field}: {problem}.",
            "Check the document in the source; if it is right there, report it with its number.",
        ),
    ),
    kind(
        "TOTALS_DO_NOT_ADD_UP",
        Level.ERROR,
        (
            "De regels tellen op tot {lines}, maar het totaal van het document is {total}.",
            "Herstel het document in de bron en druk op Verwerk, of boek het met de hand.",
        ),
        (
            "The lines add up to {lines}, but the document's total is {total}.",
            "Mend the document in the source and press Process, or book it by hand.",
        ),
    ),
    kind(
        "LINE_TAX_DOES_NOT_FIT",
        Level.ERROR,
        (
            "Regel '{line}': {gross} incl. en {net} excl. btw passen niet bij {rate}%.",
            "Herstel de regel in de bron en druk op Verwerk.",
        ),
        (
            "Line '{line}': {gross} incl. and {net} excl. VAT do not fit {rate}%.",
            "Mend the line in the source and press Process.",
        ),
    ),
    kind(
        "TAX_TOTAL_DIFFERS",
        Level.NOTICE,
        (
            "De bron noemt {stated} btw bij {rate}%, de regels geven {computed}.",
            "Geen actie nodig: de regels zijn leidend.",
        ),
        (
            "The source states {stated} VAT at {rate}%, the lines give {computed}.",
            "Nothing to do: the lines lead.",
        ),
    ),
    kind(
        "TAX_TOTAL_FAR_OFF",
        Level.WARNING,
        (
            "De bron noemt {stated} btw bij {rate}%, de regels geven {computed}: meer dan een afrondingsverschil.",
            "De regels zijn geboekt; controleer de btw van het document in de bron.",
        ),
        (
            "The source states {stated} VAT at {rate}%, the lines give {computed}: more than rounding explains.",
            "The lines were booked; check the document's VAT in the source.",
        ),
    ),
    kind(
        "CURRENCY_NOT_OF_THE_BOOKS",
        Level.ERROR,
        (
            "Het document is in {currency}, de boeken zijn in {books}.",
            "Boek het document met de hand tegen de koers die u hanteert.",
        ),
        (
            "The document is in {currency}, the books are in {books}.",
            "Book the document by hand at the exchange rate you use.",
        ),
    ),
    kind(
        "NOTHING_TO_INVOICE",
        Level.ERROR,
        ("Het document heeft geen regels.", "Sla het document over met een reden."),
        ("The document has no lines.", "Skip the document with a reason."),
    ),
    kind(
        "NEGATIVE_TOTAL",
        Level.ERROR,
        (
            "Het totaal is {total}: minder dan nul, terwijl dit geen credit is of al een credit is.",
            "Boek het document met de hand.",
        ),
        (
            "The total is {total}: below zero, though this is no credit or already a credit.",
            "Book the document by hand.",
        ),
    ),
)
