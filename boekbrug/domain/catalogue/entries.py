"""Invoices of invoicing programs, and books that are told account and VAT code of every line."""

from boekbrug.domain.catalogue._kinds import Level, kind

ENTRIES = (
    kind(
        "SOURCE_ROUNDED",
        Level.NOTICE,
        (
            "De regels van de factuur komen {difference} lager of hoger uit dan het totaal; dat is een regel "
            "'Afronding' geworden.",
            "Geen actie nodig: het totaal van de factuur is leidend.",
        ),
        (
            "The invoice's lines come out {difference} below or above its total; that became a line 'Afronding'.",
            "Nothing to do: the invoice's total leads.",
        ),
    ),
    kind(
        "NUMBER_MISSING",
        Level.ERROR,
        (
            "De factuur {own_number} heeft geen factuurnummer.",
            "Vul in het facturatieprogramma het factuurnummer in (bij inkoop: dat van de leverancier).",
        ),
        (
            "Invoice {own_number} has no invoice number.",
            "Enter the invoice number in the invoicing program (of a purchase: the supplier's).",
        ),
    ),
    kind(
        "CREDIT_WITHOUT_ORIGINAL",
        Level.NOTICE,
        (
            "Creditfactuur {number} noemt niet welke factuur zij crediteert.",
            "Geen actie nodig; letter haar in de boeken af tegen de juiste factuur.",
        ),
        (
            "Credit invoice {number} does not say which invoice it credits.",
            "Nothing to do; match it against the right invoice in the books.",
        ),
    ),
    kind(
        "FOREIGN_VAT_ON_PURCHASE",
        Level.ERROR,
        (
            "De leverancier in {country} rekent {rate}% btw; dat is op {date} geen tarief van {home} en hoort niet in "
            "uw aangifte.",
            "Vraag de leverancier om een factuur zonder btw, of boek deze factuur met de hand.",
        ),
        (
            "The supplier in {country} charges {rate}% VAT; on {date} that is no rate of {home} and does not belong in "
            "your VAT return.",
            "Ask the supplier for an invoice without VAT, or book this invoice by hand.",
        ),
    ),
    kind(
        "PURCHASE_VAT_OF_WHICH_COUNTRY",
        Level.WARNING,
        (
            "De leverancier in {country} rekent {rate}% btw; dat is ook een tarief van {home} en zo is het geboekt.",
            "Controleer op de factuur of het btw van {home} is; alleen die mag u terugvragen.",
        ),
        (
            "The supplier in {country} charges {rate}% VAT; that is a rate of {home} too, and was booked as such.",
            "Check on the invoice whether it is VAT of {home}; only that can be claimed back.",
        ),
    ),
    kind(
        "SUPPLIER_VAT_NUMBER_MISSING",
        Level.WARNING,
        (
            "De leverancier in {country} rekent geen btw en heeft geen btw-nummer; geboekt als inkoop binnen de EU.",
            "Controleer of de leverancier ondernemer is, en vul het btw-nummer in.",
        ),
        (
            "The supplier in {country} charges no VAT and has no VAT number; booked as a purchase within the EU.",
            "Check whether the supplier is a business, and enter the VAT number.",
        ),
    ),
    kind(
        "COST_RULE_MISSING",
        Level.ERROR,
        (
            "Voor inkoop met btw {tax} (kostencategorie {category}) is geen rekening in de boeken ingesteld.",
            "Stel onder 'Kosten' van de route in welke btw-code en rekening hierbij horen; druk daarna op Verwerk.",
        ),
        (
            "No account in the books has been set for purchases with VAT {tax} (cost category {category}).",
            "Set the VAT code and account for it under the route's 'cost' mapping; then press Process.",
        ),
    ),
    kind(
        "ACCOUNT_NOT_CHOSEN",
        Level.ERROR,
        (
            "De relatie '{rule}' noemt geen grootboekrekening, en de boeken willen er een op elke regel.",
            "Vul bij deze relatie de rekening in.",
        ),
        (
            "The relation '{rule}' names no ledger account, and the books want one on every line.",
            "Enter the account in this relation.",
        ),
    ),
    kind(
        "VAT_CODE_OTHER_SIDE",
        Level.ERROR,
        (
            "Btw-code {vat_code} ({name}) is niet voor deze kant van de boeken ({side}).",
            "Kies een btw-code voor verkoop bij verkoop, en voor inkoop bij inkoop.",
        ),
        (
            "VAT code {vat_code} ({name}) is not for this side of the books ({side}).",
            "Choose a VAT code of sales for sales, and of purchases for purchases.",
        ),
    ),
    kind(
        "VAT_CODE_OTHER_REASON",
        Level.ERROR,
        (
            "Btw {tax} is gekoppeld aan btw-code {vat_code}, maar die is voor iets anders ({name}).",
            "Wijzig de btw-relatie van de route.",
        ),
        (
            "VAT {tax} is related to VAT code {vat_code}, but that is for something else ({name}).",
            "Change the route's VAT relation.",
        ),
    ),
    kind(
        "VAT_CODE_NOT_VALID_THEN",
        Level.ERROR,
        (
            "Btw-code {vat_code} geldt niet op {date} (wel van {first} tot en met {last}).",
            "Koppel de btw aan de code van die tijd, of boek de factuur met de hand.",
        ),
        (
            "VAT code {vat_code} is not valid on {date} (it is from {first} up to and including {last}).",
            "Relate the VAT to the code of that time, or book the invoice by hand.",
        ),
    ),
    kind(
        "LEDGER_ACCOUNT_WRONG_KIND",
        Level.ERROR,
        (
            "Op rekening {ledger_account} kan geen omzet of kosten worden geboekt: het is een rekening van de soort "
            "{kind}.",
            "Kies een omzet-, kosten- of balansrekening.",
        ),
        (
            "No turnover or costs can be booked on account {ledger_account}: it is an account of the kind {kind}.",
            "Choose an account for turnover, costs or the balance sheet.",
        ),
    ),
    kind(
        "CONTROL_ACCOUNT_WRONG",
        Level.ERROR,
        (
            "{ledger_account} is in de boeken geen rekening voor {wanted} (wel: {known}).",
            "Kies bij de route de debiteuren- of crediteurenrekening van uw boeken.",
        ),
        (
            "In the books {ledger_account} is no account for {wanted} (these are: {known}).",
            "Choose the debtors' or creditors' account of your books on the route.",
        ),
    ),
    kind(
        "TOO_MANY_LINES",
        Level.ERROR,
        (
            "De factuur verdeelt zich over {lines} rekeningen en btw-codes; de boeken nemen er {most} per factuur.",
            "Gebruik minder afwijkende rekeningen, of boek de factuur met de hand.",
        ),
        (
            "The invoice spreads over {lines} accounts and VAT codes; the books take {most} per invoice.",
            "Use fewer deviating accounts, or book the invoice by hand.",
        ),
    ),
    kind(
        "NUMBER_TOO_LONG",
        Level.ERROR,
        (
            "Factuurnummer {number} is langer dan de {length} tekens die de boeken nemen.",
            "Maak het voorvoegsel van de route korter, of boek de factuur met de hand.",
        ),
        (
            "Invoice number {number} is longer than the {length} characters that the books take.",
            "Make the route's prefix shorter, or book the invoice by hand.",
        ),
    ),
    kind(
        "EXCHANGE_RATE_MISSING",
        Level.ERROR,
        (
            "De factuur is in {currency}, de boeken zijn in {books}, en er is geen wisselkoers bekend van {date}.",
            "Probeer het later opnieuw met Verwerk, of boek de factuur met de hand tegen de koers die u hanteert.",
        ),
        (
            "The invoice is in {currency}, the books are in {books}, and no exchange rate of {date} is known.",
            "Try again later with Process, or book the invoice by hand at the exchange rate you use.",
        ),
    ),
    kind(
        "CONVERTED",
        Level.NOTICE,
        (
            "{original} is omgerekend naar {gross} ({rate}, koers van {source} van {date}).",
            "Geen actie nodig; een koersverschil bij de betaling boekt u in het boekhoudpakket.",
        ),
        (
            "{original} was converted to {gross} ({rate}, rate of {source} of {date}).",
            "Nothing to do; an exchange difference at payment is booked in the bookkeeping package.",
        ),
    ),
    kind(
        "ENTRY_ROUNDED",
        Level.NOTICE,
        (
            "De btw van de factuur is anders afgerond dan de boeken rekenen; {difference} van het bedrag zonder btw "
            "staat op een eigen regel, zodat btw en totaal gelijk zijn aan de factuur.",
            "Geen actie nodig.",
        ),
        (
            "The invoice's VAT was rounded differently from how the books compute it; {difference} of the amount "
            "without VAT stands on a line of its own, so that VAT and total are those of the invoice.",
            "Nothing to do.",
        ),
    ),
    kind(
        "NO_CODE_WITHOUT_VAT",
        Level.ERROR,
        (
            "Door afronding blijft {difference} over, en de boeken hebben geen btw-code zonder btw voor zo'n regel.",
            "Stel een btw-relatie in voor regels van de soort 'rounding', of boek de factuur met de hand.",
        ),
        (
            "Rounding leaves {difference}, and the books have no VAT code without VAT for such a line.",
            "Set a VAT relation for lines of the kind 'rounding', or book the invoice by hand.",
        ),
    ),
    kind(
        "LEDGER_LINE_DIFFERS",
        Level.MISMATCH,
        (
            "Rekening {ledger_account}, btw-code {vat_code}: factuur {net} en {tax} btw, boeken {net_in_books} en "
            "{tax_in_books} btw.",
            "Controleer mutatie {number} in het boekhoudpakket.",
        ),
        (
            "Account {ledger_account}, VAT code {vat_code}: invoice {net} and {tax} VAT, books {net_in_books} and "
            "{tax_in_books} VAT.",
            "Check entry {number} in the bookkeeping package.",
        ),
    ),
    kind(
        "NUMBER_DIFFERS",
        Level.MISMATCH,
        (
            "Factuur {number} staat in de boeken onder nummer {number_in_books}.",
            "Herstel het nummer in het boekhoudpakket; betalingen vinden de factuur anders niet.",
        ),
        (
            "Invoice {number} stands in the books under number {number_in_books}.",
            "Mend the number in the bookkeeping package; payments do not find the invoice otherwise.",
        ),
    ),
    kind(
        "CONTACT_DIFFERS",
        Level.MISMATCH,
        (
            "Factuur {number} staat in de boeken bij relatie {contact_in_books} in plaats van {contact}.",
            "Controleer bij welke relatie de factuur hoort en herstel dat in het boekhoudpakket.",
        ),
        (
            "In the books invoice {number} stands under contact {contact_in_books} instead of {contact}.",
            "Check which contact the invoice belongs to and mend it in the bookkeeping package.",
        ),
    ),
    kind(
        "NUMBER_RANGE_OVERLAPS",
        Level.ERROR,
        (
            "{owner} (voorvoegsel {prefix}) en {other} (voorvoegsel {other_prefix}) kunnen hetzelfde factuurnummer "
            "aan dezelfde boeken geven.",
            "Geef een van beide routes een ander voorvoegsel voor factuurnummers.",
        ),
        (
            "{owner} (prefix {prefix}) and {other} (prefix {other_prefix}) can give the same invoice number to the "
            "same books.",
            "Give one of the two routes another prefix for invoice numbers.",
        ),
    ),
    kind(
        "NUMBER_RANGE_TAKEN",
        Level.WARNING,
        (
            "De nummers van {owner} (voorvoegsel {prefix}) lijken op {count} facturen die al in de boeken staan en "
            "niet van Boekbrug zijn: {numbers}.",
            "Zijn het facturen van deze bron die al met de hand zijn geboekt, dan is er geen actie nodig; geef de "
            "route anders een voorvoegsel voor factuurnummers dat in de boeken niet voorkomt.",
        ),
        (
            "The numbers of {owner} (prefix {prefix}) look like {count} invoices that are in the books already and are "
            "not Boekbrug's: {numbers}.",
            "If they are invoices of this source that were booked by hand, there is nothing to do; otherwise give the "
            "route a prefix for invoice numbers that does not occur in the books.",
        ),
    ),
    kind(
        "RULE_INCOMPLETE",
        Level.ERROR,
        ("De relatie '{rule}' mist {missing}.", "Vul {missing} in."),
        ("The relation '{rule}' lacks {missing}.", "Enter {missing}."),
    ),
    kind(
        "RULE_SHADOWED",
        Level.ERROR,
        (
            "De relatie '{rule}' komt nooit aan de beurt: '{other}' vraagt hetzelfde en staat eerder.",
            "Verwijder een van beide.",
        ),
        (
            "The relation '{rule}' never gets a turn: '{other}' asks the same and stands before it.",
            "Remove one of the two.",
        ),
    ),
    kind(
        "RULE_NEVER_MATCHES",
        Level.ERROR,
        (
            "De relatie '{rule}' past op geen enkele regel: {why} kan daar niet voorkomen.",
            "Verwijder de relatie of wijzig waar zij om vraagt.",
        ),
        (
            "The relation '{rule}' fits no line at all: {why} cannot occur there.",
            "Remove the relation, or change what it asks for.",
        ),
    ),
    kind(
        "RULE_CHOICE_UNKNOWN",
        Level.ERROR,
        (
            "De relatie '{rule}' vraagt om {field} {asked}, die het facturatieprogramma niet kent (wel: {known}).",
            "Kies er een die het facturatieprogramma kent.",
        ),
        (
            "The relation '{rule}' asks for {field} {asked}, which the invoicing program does not know (it knows: "
            "{known}).",
            "Choose one that the invoicing program knows.",
        ),
    ),
    kind(
        "BANDS_NOT_COVERED",
        Level.WARNING,
        (
            "Voor {bands} ({side}) is geen algemene relatie ingesteld; zo'n factuur wacht dan op een persoon.",
            "Stel een relatie in, of laat het zo als deze btw niet voorkomt.",
        ),
        (
            "No general relation has been set for {bands} ({side}); such an invoice will wait for a person.",
            "Set a relation, or leave it when this VAT does not occur.",
        ),
    ),
)
