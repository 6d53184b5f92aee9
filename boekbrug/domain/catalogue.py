"""The catalogue: everything that a finding can say, in Dutch and English, with its level and suggestion.

It is the one place where these stand; the page `docs/findings.md` is generated from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters."""

    ERROR = "error"  # the document does not go over until a person acted
    MISMATCH = "mismatch"  # the document went over, and the books differ from the shop
    WARNING = "warning"  # the document went over; worth a look
    NOTICE = "notice"  # for the record


@dataclass(frozen=True, slots=True)
class FindingText:
    """The sentences of one finding in one language; `{names}` are filled from the finding's values."""

    sentence: str
    suggestion: str


@dataclass(frozen=True, slots=True)
class FindingKind:
    """One entry of the catalogue."""

    code: str
    level: Level
    nl: FindingText
    en: FindingText


def _kind(code: str, level: Level, nl: tuple[str, str], en: tuple[str, str]) -> FindingKind:
    return FindingKind(code, level, FindingText(*nl), FindingText(*en))


_ENTRIES = (
    # -- the document itself
    _kind(
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
    _kind(
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
    _kind(
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
    _kind(
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
    _kind(
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
    _kind(
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
    _kind(
        "NOTHING_TO_INVOICE",
        Level.ERROR,
        ("De bestelling heeft geen regels.", "Sla de bestelling over met een reden."),
        ("The order has no lines.", "Skip the order with a reason."),
    ),
    _kind(
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
    # -- VAT
    _kind(
        "SHIPPING_WITHOUT_VAT",
        Level.ERROR,
        (
            "Op '{line}' ({amount}) staat geen btw, op de artikelen wel.",
            "Stel in de winkel btw op verzend- en betaalkosten in; verwerk deze bestelling daarna opnieuw.",
        ),
        (
            "There is no VAT on '{line}' ({amount}) while the goods carry VAT.",
            "Set VAT on shipping and payment costs in the shop; then process this order again.",
        ),
    ),
    _kind(
        "VAT_NUMBER_MISSING",
        Level.ERROR,
        (
            "Er is geen btw berekend aan een klant in {country}, maar een btw-nummer ontbreekt.",
            "Vraag de klant om het btw-nummer, of reken btw; vul het in de winkel in en druk op Verwerk.",
        ),
        (
            "No VAT was charged to a customer in {country}, but there is no VAT number.",
            "Ask the customer for the VAT number, or charge VAT; enter it in the shop and press Process.",
        ),
    ),
    _kind(
        "VAT_NUMBER_MALFORMED",
        Level.ERROR,
        (
            "Het btw-nummer {vat_number} is geen geldig nummer van {country}.",
            "Vraag de klant om het juiste nummer, verbeter het in de winkel en druk op Verwerk.",
        ),
        (
            "The VAT number {vat_number} is not a valid number of {country}.",
            "Ask the customer for the right number, correct it in the shop and press Process.",
        ),
    ),
    _kind(
        "VAT_NUMBER_NOT_OF_COUNTRY",
        Level.ERROR,
        (
            "Het btw-nummer {vat_number} hoort niet bij {country}.",
            "Controleer land en btw-nummer van de klant in de winkel.",
        ),
        (
            "The VAT number {vat_number} does not belong to {country}.",
            "Check the customer's country and VAT number in the shop.",
        ),
    ),
    _kind(
        "VAT_NUMBER_NOT_REGISTERED",
        Level.ERROR,
        (
            "VIES kent het btw-nummer {vat_number} niet.",
            "Vraag de klant om het juiste nummer, of reken btw.",
        ),
        (
            "VIES does not know the VAT number {vat_number}.",
            "Ask the customer for the right number, or charge VAT.",
        ),
    ),
    _kind(
        "VAT_NUMBER_NOT_CHECKED",
        Level.WARNING,
        (
            "VIES was niet bereikbaar; of {vat_number} geregistreerd is, is onbekend.",
            "Controleer het nummer later zelf op de site van VIES.",
        ),
        (
            "VIES could not be reached; whether {vat_number} is registered is unknown.",
            "Check the number yourself on the VIES site later.",
        ),
    ),
    _kind(
        "REVERSE_CHARGE_AT_HOME",
        Level.ERROR,
        (
            "De btw is verlegd, maar de klant zit in het eigen land ({country}).",
            "Controleer het land van de klant in de winkel; boek binnenlandse verlegging met de hand.",
        ),
        (
            "The VAT is reverse-charged, but the customer is in the home country ({country}).",
            "Check the customer's country in the shop; book a domestic reverse charge by hand.",
        ),
    ),
    _kind(
        "REVERSE_CHARGE_OUTSIDE_EU",
        Level.ERROR,
        (
            "De btw is verlegd, maar {country} ligt buiten de EU.",
            "Controleer het land van de klant en de btw-instelling van de winkel.",
        ),
        (
            "The VAT is reverse-charged, but {country} is outside the EU.",
            "Check the customer's country and the shop's VAT settings.",
        ),
    ),
    _kind(
        "EXPORT_WITHIN_EU",
        Level.ERROR,
        (
            "Er is 0% btw berekend als uitvoer, maar {country} ligt in de EU.",
            "Controleer het afleveradres en de btw-instelling van de winkel.",
        ),
        (
            "0% VAT was charged as export, but {country} is in the EU.",
            "Check the delivery address and the shop's VAT settings.",
        ),
    ),
    _kind(
        "TAX_ON_ZERO_TREATMENT",
        Level.ERROR,
        (
            "De winkel zegt dat er geen btw geldt, maar regel '{line}' heeft {rate}%.",
            "Herstel de bestelling in de winkel en druk op Verwerk.",
        ),
        (
            "The shop says no VAT applies, but line '{line}' carries {rate}%.",
            "Mend the order in the shop and press Process.",
        ),
    ),
    _kind(
        "RATE_NOT_OF_COUNTRY",
        Level.ERROR,
        (
            "{rate}% is op {date} geen btw-tarief van {home} of van {country}.",
            "Controleer de btw-instelling van de winkel voor {country}.",
        ),
        (
            "On {date}, {rate}% is no VAT rate of {home} or of {country}.",
            "Check the shop's VAT settings for {country}.",
        ),
    ),
    _kind(
        "RATE_NOT_CHECKED",
        Level.WARNING,
        (
            "De btw-tarieven van {home} op {date} zijn niet bekend; de tarieven van de bestelling zijn overgenomen.",
            "Controleer de btw van deze oude bestelling.",
        ),
        (
            "The VAT rates of {home} on {date} are not known; the order's rates were taken over.",
            "Check the VAT of this old order.",
        ),
    ),
    _kind(
        "RATES_OF_TWO_COUNTRIES",
        Level.ERROR,
        (
            "De bestelling mengt tarieven van {home} ({home_rates}) en van {country} ({rates}).",
            "Controleer de btw-instelling van de winkel voor {country}, ook op verzendkosten.",
        ),
        (
            "The order mixes rates of {home} ({home_rates}) and of {country} ({rates}).",
            "Check the shop's VAT settings for {country}, shipping costs included.",
        ),
    ),
    _kind(
        "DESTINATION_RATE_FOR_BUSINESS",
        Level.WARNING,
        (
            "De klant betaalde het tarief van {country} (OSS, voor consumenten), maar heeft btw-nummer {vat_number}.",
            "Overleg met uw boekhouder in welke aangifte deze verkoop hoort.",
        ),
        (
            "The customer paid the rate of {country} (OSS, for consumers) but has VAT number {vat_number}.",
            "Ask your accountant which VAT return this sale belongs in.",
        ),
    ),
    _kind(
        "TREATMENT_INFERRED",
        Level.WARNING,
        (
            "De winkel zegt niet waarom er geen btw is; geboekt als intracommunautair om {vat_number} ({country}).",
            "Controleer de btw-instelling van de winkel voor zakelijke klanten in de EU.",
        ),
        (
            "The shop does not say why there is no VAT; booked as intra-EU because of {vat_number} ({country}).",
            "Check the shop's VAT settings for business customers in the EU.",
        ),
    ),
    _kind(
        "COUNTRY_MISSING",
        Level.ERROR,
        (
            "Er is geen btw berekend en het land van de klant ontbreekt.",
            "Vul het land in de winkel in en druk op Verwerk.",
        ),
        (
            "No VAT was charged and the customer's country is missing.",
            "Enter the country in the shop and press Process.",
        ),
    ),
    # -- mapping
    _kind(
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
    _kind(
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
    _kind(
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
    _kind(
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
    _kind(
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
    _kind(
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
    _kind(
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
    # -- the books
    _kind(
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
    _kind(
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
    _kind(
        "CUSTOMER_UNKNOWN",
        Level.ERROR,
        (
            "De bestelling heeft geen e-mailadres en geen naam of bedrijf.",
            "Vul de klant in de winkel in en druk op Verwerk, of stel een verzameldebiteur in.",
        ),
        (
            "The order has no e-mail address and no name or company.",
            "Enter the customer in the shop and press Process, or set a collective debtor.",
        ),
    ),
    _kind(
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
    _kind(
        "DEBTOR_NOT_IN_BOOKS",
        Level.ERROR,
        (
            "Debiteur {debtor}, ingesteld voor deze bestelling, bestaat niet in de boeken.",
            "Wijzig de relatie van de route of maak de debiteur aan.",
        ),
        (
            "Debtor {debtor}, set for this order, does not exist in the books.",
            "Change the route's relation or create the debtor.",
        ),
    ),
    _kind(
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
    _kind(
        "DEBTOR_REVERSE_CHARGED",
        Level.ERROR,
        (
            "Debiteur {debtor} staat op 'btw verlegd', maar de btw van de bestelling is niet verlegd.",
            "Zet 'btw verlegd' uit bij de debiteur, of boek de bestelling met de hand.",
        ),
        (
            "Debtor {debtor} is set to reverse charge, but the order's VAT is not reverse-charged.",
            "Switch reverse charge off at the debtor, or book the order by hand.",
        ),
    ),
    _kind(
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
    _kind(
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
    _kind(
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
    _kind(
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
    _kind(
        "TOTAL_CANNOT_BE_MATCHED",
        Level.ERROR,
        (
            "De boeken zouden {computed} berekenen in plaats van {gross}; dat is te veel voor een afrondingsregel.",
            "Controleer de regels en de btw van de bestelling.",
        ),
        (
            "The books would compute {computed} instead of {gross}; that is too much for a rounding line.",
            "Check the order's lines and VAT.",
        ),
    ),
    _kind(
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
    _kind(
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
    # -- why a document stays where it is
    _kind(
        "STATUS_NOT_YET",
        Level.NOTICE,
        (
            "Status '{status}' gaat nog niet over.",
            "Geen actie nodig: de bestelling wordt bij elke run opnieuw bekeken.",
        ),
        (
            "Status '{status}' does not go over yet.",
            "Nothing to do: the order is looked at again in every run.",
        ),
    ),
    _kind(
        "STATUS_NEVER",
        Level.NOTICE,
        (
            "Status '{status}' gaat niet over.",
            "Geen actie nodig.",
        ),
        (
            "Status '{status}' does not go over.",
            "Nothing to do.",
        ),
    ),
    _kind(
        "EARLIER_VAT_PERIOD",
        Level.NOTICE,
        (
            "De bestelling is van {date}, vóór het btw-tijdvak dat op {start} begon; het pakket dateert de factuur op "
            "de dag waarop zij wordt gemaakt.",
            "Overleg met uw boekhouder. Moet zij toch in dit tijdvak, start dan een nieuwe overname die eerdere "
            "tijdvakken toestaat.",
        ),
        (
            "The order is of {date}, before the VAT period that began on {start}; the package dates an invoice on "
            "the day it is made.",
            "Ask your accountant. To have it in this period all the same, start a new migration that accepts earlier "
            "periods.",
        ),
    ),
    _kind(
        "BEFORE_START",
        Level.NOTICE,
        (
            "De bestelling is van {date}, vóór de startdatum {start} van de route.",
            "Verzet de startdatum als deze bestelling toch over moet.",
        ),
        (
            "The order is of {date}, before the route's start date {start}.",
            "Move the start date if this order has to go over after all.",
        ),
    ),
    _kind(
        "BEFORE_FIRST_NUMBER",
        Level.NOTICE,
        (
            "Bestelnummer {number} ligt vóór het eerste nummer {first} van de route.",
            "Verlaag het eerste nummer als deze bestelling toch over moet.",
        ),
        (
            "Order number {number} is before the route's first number {first}.",
            "Lower the first number if this order has to go over after all.",
        ),
    ),
    # -- after posting
    _kind(
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
    _kind(
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
    _kind(
        "TAX_DIFFERS",
        Level.MISMATCH,
        (
            "Btw bij {rate}%: winkel {source}, boeken {target}.",
            "Controleer de btw op factuur {number}.",
        ),
        ("VAT at {rate}%: shop {source}, books {target}.", "Check the VAT on invoice {number}."),
    ),
    _kind(
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
    _kind(
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
    _kind(
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
    _kind(
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
    _kind(
        "NOT_MARKED_PAID",
        Level.MISMATCH,
        (
            "Factuur {number} staat nog open voor {open}, de bestelling is betaald.",
            "Boek de betaling in het boekhoudpakket.",
        ),
        ("Invoice {number} is still open for {open}, the order is paid.", "Book the payment in the package."),
    ),
    _kind(
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
    _kind(
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
    _kind(
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
    _kind(
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

CATALOGUE: Mapping[str, FindingKind] = {kind.code: kind for kind in _ENTRIES}
