"""What the books say or refuse."""

from boekbrug.domain.catalogue._kinds import Level, kind

ENTRIES = (
    kind(
        "POSTCODE_TOO_LONG",
        Level.ERROR,
        (
            "De postcode {postcode} is langer dan de {limit} tekens die het boekhoudpakket toelaat.",
            "Maak de debiteur met de hand aan met e-mailadres {email}, en druk op Verwerk.",
        ),
        (
            "The postcode {postcode} is longer than the {limit} characters the bookkeeping package takes.",
            "Create the debtor by hand with e-mail address {email}, and press Process.",
        ),
    ),
    kind(
        "TEXT_SHORTENED",
        Level.WARNING,
        (
            "{field} is ingekort tot {limit} tekens: '{text}'.",
            "Geen actie nodig, tenzij de volledige tekst op de factuur hoort.",
        ),
        (
            "{field} was shortened to {limit} characters: '{text}'.",
            "Nothing to do, unless the invoice needs the full text.",
        ),
    ),
    kind(
        "CUSTOMER_UNKNOWN",
        Level.ERROR,
        (
            "Het document heeft geen e-mailadres en geen naam of bedrijf.",
            "Vul de klant in de bron in en druk op Verwerk, of stel een verzameldebiteur in.",
        ),
        (
            "The document has no e-mail address and no name or company.",
            "Enter the customer in the source and press Process, or set a collective debtor.",
        ),
    ),
    kind(
        "COUNTRY_NOT_IN_BOOKS",
        Level.ERROR,
        (
            "Het boekhoudpakket kent het land {country} niet.",
            "Maak de debiteur met de hand aan met e-mailadres {email}, en druk op Verwerk.",
        ),
        (
            "The bookkeeping package does not know the country {country}.",
            "Create the debtor by hand with e-mail address {email}, and press Process.",
        ),
    ),
    kind(
        "DEBTOR_NOT_IN_BOOKS",
        Level.ERROR,
        (
            "Debiteur {debtor}, ingesteld voor dit document, bestaat niet in de boeken.",
            "Wijzig de relatie van de route of maak de debiteur aan.",
        ),
        (
            "Debtor {debtor}, set for this document, does not exist in the books.",
            "Change the route's relation or create the debtor.",
        ),
    ),
    kind(
        "DEBTOR_NOT_REVERSE_CHARGED",
        Level.ERROR,
        (
            "De btw is verlegd, maar debiteur {debtor} staat niet op 'btw verlegd'.",
            "Zet 'btw verlegd' aan bij de debiteur en druk op Verwerk; Boekbrug wijzigt debiteuren nooit zelf.",
        ),
        (
            "The VAT is reverse-charged, but debtor {debtor} is not set to reverse charge.",
            "Switch reverse charge on at the debtor and press Process; Boekbrug never changes a debtor itself.",
        ),
    ),
    kind(
        "DEBTOR_REVERSE_CHARGED",
        Level.ERROR,
        (
            "Debiteur {debtor} staat op 'btw verlegd', maar de btw van het document is niet verlegd.",
            "Zet 'btw verlegd' uit bij de debiteur, of boek het document met de hand.",
        ),
        (
            "Debtor {debtor} is set to reverse charge, but the document's VAT is not reverse-charged.",
            "Switch reverse charge off at the debtor, or book the document by hand.",
        ),
    ),
    kind(
        "DEBTOR_AMBIGUOUS",
        Level.WARNING,
        (
            "{count} debiteuren hebben dit e-mailadres; debiteur {debtor} is gebruikt.",
            "Voeg de dubbele debiteuren in het boekhoudpakket samen.",
        ),
        (
            "{count} debtors have this e-mail address; debtor {debtor} was used.",
            "Merge the double debtors in the bookkeeping package.",
        ),
    ),
    kind(
        "CREDIT_NOT_SUPPORTED",
        Level.ERROR,
        (
            "Creditbestellingen gaan op deze route niet over.",
            "Boek de creditnota met de hand, of zet creditbestellingen aan op de route.",
        ),
        (
            "Credit orders do not go over on this route.",
            "Book the credit note by hand, or switch credit orders on for the route.",
        ),
    ),
    kind(
        "ROUNDING_LINE_ADDED",
        Level.NOTICE,
        (
            "De boeken rekenen {difference} anders uit; er is een regel 'Afronding' toegevoegd.",
            "Geen actie nodig.",
        ),
        (
            "The books compute {difference} differently; a line 'Afronding' was added.",
            "Nothing to do.",
        ),
    ),
    kind(
        "ROUNDED_BETWEEN_RATES",
        Level.NOTICE,
        (
            "Bij {rates} komen de boeken op een cent na uit; samen is het totaal gelijk.",
            "Geen actie nodig.",
        ),
        (
            "At {rates} the books come out one cent off; together the total is the same.",
            "Nothing to do.",
        ),
    ),
    kind(
        "TOTAL_CANNOT_BE_MATCHED",
        Level.ERROR,
        (
            "De boeken zouden {computed} berekenen in plaats van {gross}; dat is te veel voor een afrondingsregel.",
            "Controleer de regels en de btw van het document.",
        ),
        (
            "The books would compute {computed} instead of {gross}; that is too much for a rounding line.",
            "Check the document's lines and VAT.",
        ),
    ),
    kind(
        "REFUSED_BY_BOOKS",
        Level.ERROR,
        (
            "Het boekhoudpakket weigerde het document: {answer}.",
            "Los op wat het pakket noemt en druk op Verwerk.",
        ),
        (
            "The bookkeeping package refused the document: {answer}.",
            "Mend what the package names and press Process.",
        ),
    ),
    kind(
        "REFERENCE_TAKEN",
        Level.ERROR,
        (
            "In de boeken staan {count} documenten met referentie {reference}: {numbers}.",
            "Verwijder of crediteer het dubbele document in de boeken en druk op Verwerk.",
        ),
        (
            "The books hold {count} documents with reference {reference}: {numbers}.",
            "Remove or credit the double document in the books and press Process.",
        ),
    ),
    kind(
        "NUMBER_TAKEN",
        Level.ERROR,
        (
            "Factuurnummer {number} is in de boeken al van een ander document.",
            "Geef de route een eigen voorvoegsel voor nummers, of boek het document met de hand.",
        ),
        (
            "Another document has invoice number {number} in the books.",
            "Give the route a prefix for numbers of its own, or book the document by hand.",
        ),
    ),
    kind(
        "PERIOD_CLOSED",
        Level.ERROR,
        (
            "De boeken zijn afgesloten voor {day}: {answer}.",
            "Open de periode in het boekhoudpakket en druk op Verwerk, of boek het document met de hand.",
        ),
        (
            "The books are closed for {day}: {answer}.",
            "Open the period in the bookkeeping package and press Process, or book the document by hand.",
        ),
    ),
    kind(
        "CONTROL_ACCOUNT_REFUSED",
        Level.ERROR,
        (
            "De boeken weigeren {ledger_account} als debiteuren- of crediteurenrekening: {answer}.",
            "Kies op de route een rekening van de categorie debiteuren of crediteuren en druk op Verwerk.",
        ),
        (
            "The books refuse {ledger_account} as the account of debtors or creditors: {answer}.",
            "Choose an account of the category debtors or creditors for the route, and press Process.",
        ),
    ),
    kind(
        "ACCOUNTS_REFUSED",
        Level.ERROR,
        (
            "De boeken weigeren een van de grootboekrekeningen {ledger_accounts}: {answer}.",
            "Wijzig de relatie van de route naar een bestaande rekening van de juiste soort en druk op Verwerk.",
        ),
        (
            "The books refuse one of the ledger accounts {ledger_accounts}: {answer}.",
            "Change the route's relation to an account that exists and is of the right kind, and press Process.",
        ),
    ),
    kind(
        "VAT_CODES_REFUSED",
        Level.ERROR,
        (
            "De boeken weigeren een van de btw-codes {vat_codes}: {answer}.",
            "Wijzig de btw-relatie van de route en druk op Verwerk.",
        ),
        (
            "The books refuse one of the VAT codes {vat_codes}: {answer}.",
            "Change the route's VAT relation and press Process.",
        ),
    ),
)
