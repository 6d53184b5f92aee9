"""Mapping: rules that are missing or wrong."""

from boekbrug.domain.catalogue._kinds import Level, kind

ENTRIES = (
    kind(
        "VAT_RULE_MISSING",
        Level.ERROR,
        (
            "Voor btw {tax} is geen relatie met de boeken ingesteld.",
            "Stel onder 'Btw' van de route in welke btw-code en categorie hierbij horen; druk daarna op Verwerk.",
        ),
        (
            "No relation to the books has been set for VAT {tax}.",
            "Set the VAT code and category for it under the route's 'vat' mapping; then press Process.",
        ),
    ),
    kind(
        "VAT_CODE_NOT_IN_BOOKS",
        Level.ERROR,
        (
            "De boeken kennen de btw-code {vat_code} niet (wel: {known}).",
            "Voeg het tarief in het boekhoudpakket toe, of wijzig de btw-relatie van de route.",
        ),
        (
            "The books do not know VAT code {vat_code} (they know: {known}).",
            "Add the rate in the bookkeeping package, or change the route's VAT relation.",
        ),
    ),
    kind(
        "VAT_CODE_OTHER_RATE",
        Level.ERROR,
        (
            "Btw {tax} is gekoppeld aan btw-code {vat_code}, maar dat is {rate}%.",
            "Wijzig de btw-relatie van de route.",
        ),
        (
            "VAT {tax} is related to VAT code {vat_code}, but that is {rate}%.",
            "Change the route's VAT relation.",
        ),
    ),
    kind(
        "VAT_CODE_OTHER_COUNTRY",
        Level.ERROR,
        (
            "Btw {tax} is gekoppeld aan btw-code {vat_code}, maar die is van {country}.",
            "Wijzig de btw-relatie van de route.",
        ),
        (
            "VAT {tax} is related to VAT code {vat_code}, but that belongs to {country}.",
            "Change the route's VAT relation.",
        ),
    ),
    kind(
        "LEDGER_ACCOUNT_NOT_IN_BOOKS",
        Level.ERROR,
        (
            "De boeken kennen {ledger_account} niet (wel: {known}).",
            "Wijzig de relatie van de route, of voeg de rekening of categorie in het boekhoudpakket toe.",
        ),
        (
            "The books do not know {ledger_account} (they know: {known}).",
            "Change the route's relation, or add the account or category in the bookkeeping package.",
        ),
    ),
    kind(
        "LEDGER_ACCOUNTS_MIXED",
        Level.ERROR,
        (
            "De regels horen bij verschillende categorieën ({accounts}), en een factuur kan er maar één hebben.",
            "Stel een categorie voor gemengde facturen in (relatie 'mixed').",
        ),
        (
            "The lines belong to different categories ({accounts}), and an invoice can have only one.",
            "Set a category for mixed invoices (relation 'mixed').",
        ),
    ),
    kind(
        "PAYMENT_RULE_MISSING",
        Level.ERROR,
        (
            "Voor betaalwijze '{method}' is geen relatie ingesteld.",
            "Stel onder 'Betaalwijzen' van de route een debiteur, categorie of alleen een naam in.",
        ),
        (
            "No relation has been set for payment method '{method}'.",
            "Set a debtor, a category or just a name under the route's 'payment' mapping.",
        ),
    ),
)
