"""After posting: comparisons, changes and cancellations."""

from boekbrug.domain.catalogue._kinds import Level, kind

ENTRIES = (
    kind(
        "TOTAL_DIFFERS",
        Level.MISMATCH,
        (
            "Totaal: bron {source}, boeken {target}.",
            "Controleer korting en prijzen van factuur {number}; crediteer zo nodig en boek opnieuw.",
        ),
        (
            "Total: source {source}, books {target}.",
            "Check discount and prices of invoice {number}; credit it and book again if needed.",
        ),
    ),
    kind(
        "NET_DIFFERS",
        Level.MISMATCH,
        (
            "Totaal zonder btw: bron {source}, boeken {target}.",
            "Controleer de btw op factuur {number}.",
        ),
        (
            "Total without VAT: source {source}, books {target}.",
            "Check the VAT on invoice {number}.",
        ),
    ),
    kind(
        "TAX_DIFFERS",
        Level.MISMATCH,
        (
            "Btw bij {rate}%: bron {source}, boeken {target}.",
            "Controleer de btw op factuur {number}.",
        ),
        ("VAT at {rate}%: source {source}, books {target}.", "Check the VAT on invoice {number}."),
    ),
    kind(
        "TOTAL_NEARLY_SAME",
        Level.NOTICE,
        (
            "Totaal: bron {source}, boeken {target}; binnen de marge van de route.",
            "Geen actie nodig.",
        ),
        (
            "Total: source {source}, books {target}; within the route's tolerance.",
            "Nothing to do.",
        ),
    ),
    kind(
        "TAX_NEARLY_SAME",
        Level.NOTICE,
        (
            "Btw bij {rate}%: bron {source}, boeken {target}: anders afgerond, binnen de marge van de route.",
            "Geen actie nodig.",
        ),
        (
            "VAT at {rate}%: source {source}, books {target}: rounded differently, within the route's tolerance.",
            "Nothing to do.",
        ),
    ),
    kind(
        "CUSTOMER_DIFFERS",
        Level.MISMATCH,
        (
            "Klant ({field}): bron '{in_shop}', boeken '{in_books}'.",
            "Controleer onder welke relatie factuur {number} staat.",
        ),
        (
            "Customer ({field}): source '{in_shop}', books '{in_books}'.",
            "Check which contact invoice {number} stands under.",
        ),
    ),
    kind(
        "CUSTOMER_DETAIL_DIFFERS",
        Level.WARNING,
        (
            "Klantgegeven {field}: bron '{in_shop}', boeken '{in_books}'.",
            "Werk de relatie in de boeken bij als de bron gelijk heeft.",
        ),
        (
            "Customer detail {field}: source '{in_shop}', books '{in_books}'.",
            "Update the contact in the books if the source is right.",
        ),
    ),
    kind(
        "NOT_MARKED_PAID",
        Level.MISMATCH,
        (
            "Factuur {number} staat nog open voor {open}, in de bron is zij betaald.",
            "Boek de betaling in het boekhoudpakket.",
        ),
        ("Invoice {number} is still open for {open}, it is paid in the source.", "Book the payment in the package."),
    ),
    kind(
        "GONE_FROM_BOOKS",
        Level.MISMATCH,
        (
            "Factuur {number} is niet meer te vinden in de boeken.",
            "Is zij met opzet verwijderd, markeer haar dan als afgehandeld; anders: zoek haar op in het pakket.",
        ),
        (
            "Invoice {number} can no longer be found in the books.",
            "If it was removed on purpose, mark it as handled; otherwise look it up in the package.",
        ),
    ),
    kind(
        "NO_LONGER_COMPARABLE",
        Level.MISMATCH,
        (
            "Factuur {number} kon niet worden vergeleken: nu zou het document niet overgaan ({codes}).",
            "Controleer de regels van de route; vergelijk de factuur met de hand.",
        ),
        (
            "Invoice {number} could not be compared: by the present rules the document would not go over ({codes}).",
            "Check the route's rules; compare the invoice by hand.",
        ),
    ),
    kind(
        "CHANGED_AFTER_POSTING",
        Level.MISMATCH,
        (
            "Het document is na het boeken gewijzigd ({changes}). "
            "Correctie: crediteer {number} ({posted}) en factureer {current}.",
            "Keur de correctie goed of boek haar met de hand.",
        ),
        (
            "The document was changed after booking ({changes}). Correction: credit {number} ({posted}) and invoice "
            "{current}.",
            "Approve the correction or book it by hand.",
        ),
    ),
    kind(
        "CANCELLED_AFTER_POSTING",
        Level.MISMATCH,
        (
            "Het document kreeg na het boeken status '{status}'. Correctie: crediteer {number} ({posted}).",
            "Keur de creditnota goed of boek haar met de hand.",
        ),
        (
            "After booking the document got status '{status}'. Correction: credit {number} ({posted}).",
            "Approve the credit note or book it by hand.",
        ),
    ),
)
