"""After posting: comparisons, changes and cancellations."""

from boekbrug.domain.catalogue._kinds import Level, kind

ENTRIES = (
    kind(
        "TOTAL_DIFFERS",
        Level.MISMATCH,
        (
            "Totaal: winkel {source}, boeken {target}.",
            "Controleer korting en prijzen van factuur {number}; crediteer zo nodig en boek opnieuw.",
        ),
        (
            "Total: shop {source}, books {target}.",
            "Check discount and prices of invoice {number}; credit it and book again if needed.",
        ),
    ),
    kind(
        "NET_DIFFERS",
        Level.MISMATCH,
        (
            "Totaal zonder btw: winkel {source}, boeken {target}.",
            "Controleer de btw op factuur {number}.",
        ),
        (
            "Total without VAT: shop {source}, books {target}.",
            "Check the VAT on invoice {number}.",
        ),
    ),
    kind(
        "TAX_DIFFERS",
        Level.MISMATCH,
        (
            "Btw bij {rate}%: winkel {source}, boeken {target}.",
            "Controleer de btw op factuur {number}.",
        ),
        ("VAT at {rate}%: shop {source}, books {target}.", "Check the VAT on invoice {number}."),
    ),
    kind(
        "TOTAL_NEARLY_SAME",
        Level.NOTICE,
        (
            "Totaal: winkel {source}, boeken {target}; binnen de marge van de route.",
            "Geen actie nodig.",
        ),
        (
            "Total: shop {source}, books {target}; within the route's tolerance.",
            "Nothing to do.",
        ),
    ),
    kind(
        "TAX_NEARLY_SAME",
        Level.NOTICE,
        (
            "Btw bij {rate}%: winkel {source}, boeken {target}: anders afgerond, binnen de marge van de route.",
            "Geen actie nodig.",
        ),
        (
            "VAT at {rate}%: shop {source}, books {target}: rounded differently, within the route's tolerance.",
            "Nothing to do.",
        ),
    ),
    kind(
        "CUSTOMER_DIFFERS",
        Level.MISMATCH,
        (
            "Klant ({field}): winkel '{in_shop}', boeken '{in_books}'.",
            "Controleer onder welke debiteur factuur {number} staat.",
        ),
        (
            "Customer ({field}): shop '{in_shop}', books '{in_books}'.",
            "Check which debtor invoice {number} stands under.",
        ),
    ),
    kind(
        "CUSTOMER_DETAIL_DIFFERS",
        Level.WARNING,
        (
            "Klantgegeven {field}: winkel '{in_shop}', boeken '{in_books}'.",
            "Werk de debiteur bij als de winkel gelijk heeft; Boekbrug wijzigt debiteuren nooit.",
        ),
        (
            "Customer detail {field}: shop '{in_shop}', books '{in_books}'.",
            "Update the debtor if the shop is right; Boekbrug never changes debtors.",
        ),
    ),
    kind(
        "NOT_MARKED_PAID",
        Level.MISMATCH,
        (
            "Factuur {number} staat nog open voor {open}, de bestelling is betaald.",
            "Boek de betaling in het boekhoudpakket.",
        ),
        ("Invoice {number} is still open for {open}, the order is paid.", "Book the payment in the package."),
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
            "Factuur {number} kon niet worden vergeleken: nu zou de bestelling niet overgaan ({codes}).",
            "Controleer de regels van de route; vergelijk de factuur met de hand.",
        ),
        (
            "Invoice {number} could not be compared: by the present rules the order would not go over ({codes}).",
            "Check the route's rules; compare the invoice by hand.",
        ),
    ),
    kind(
        "CHANGED_AFTER_POSTING",
        Level.MISMATCH,
        (
            "De bestelling is na het boeken gewijzigd ({changes}). "
            "Correctie: crediteer {number} ({posted}) en factureer {current}.",
            "Keur de correctie goed of boek haar met de hand.",
        ),
        (
            "The order was changed after booking ({changes}). Correction: credit {number} ({posted}) and invoice "
            "{current}.",
            "Approve the correction or book it by hand.",
        ),
    ),
    kind(
        "CANCELLED_AFTER_POSTING",
        Level.MISMATCH,
        (
            "De bestelling kreeg na het boeken status '{status}'. Correctie: crediteer {number} ({posted}).",
            "Keur de creditnota goed of boek haar met de hand.",
        ),
        (
            "After booking the order got status '{status}'. Correction: credit {number} ({posted}).",
            "Approve the credit note or book it by hand.",
        ),
    ),
)
