"""VAT."""

from boekbrug.domain.catalogue._kinds import Level, kind

ENTRIES = (
    kind(
        "SHIPPING_WITHOUT_VAT",
        Level.ERROR,
        (
            "Op '{line}' ({amount}) staat geen btw, op de artikelen wel.",
            "Stel in de bron btw op verzend- en betaalkosten in; verwerk dit document daarna opnieuw.",
        ),
        (
            "There is no VAT on '{line}' ({amount}) while the goods carry VAT.",
            "Set VAT on shipping and payment costs in the source; then process this document again.",
        ),
    ),
    kind(
        "VAT_NUMBER_MISSING",
        Level.ERROR,
        (
            "Er is geen btw berekend aan een klant in {country}, maar een btw-nummer ontbreekt.",
            "Vraag de klant om het btw-nummer, of reken btw; vul het in de bron in en druk op Verwerk.",
        ),
        (
            "No VAT was charged to a customer in {country}, but there is no VAT number.",
            "Ask the customer for the VAT number, or charge VAT; enter it in the source and press Process.",
        ),
    ),
    kind(
        "VAT_NUMBER_MALFORMED",
        Level.ERROR,
        (
            "Het btw-nummer {vat_number} is geen geldig nummer van {country}.",
            "Vraag de klant om het juiste nummer, verbeter het in de bron en druk op Verwerk.",
        ),
        (
            "The VAT number {vat_number} is not a valid number of {country}.",
            "Ask the customer for the right number, correct it in the source and press Process.",
        ),
    ),
    kind(
        "VAT_NUMBER_NOT_OF_COUNTRY",
        Level.ERROR,
        (
            "Het btw-nummer {vat_number} hoort niet bij {country}.",
            "Controleer land en btw-nummer van de klant in de bron.",
        ),
        (
            "The VAT number {vat_number} does not belong to {country}.",
            "Check the customer's country and VAT number in the source.",
        ),
    ),
    kind(
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
    kind(
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
    kind(
        "REVERSE_CHARGE_AT_HOME",
        Level.ERROR,
        (
            "De btw is verlegd, maar de klant zit in het eigen land ({country}).",
            "Controleer het land van de klant in de bron; boek binnenlandse verlegging met de hand.",
        ),
        (
            "The VAT is reverse-charged, but the customer is in the home country ({country}).",
            "Check the customer's country in the source; book a domestic reverse charge by hand.",
        ),
    ),
    kind(
        "REVERSE_CHARGE_OUTSIDE_EU",
        Level.ERROR,
        (
            "De btw is verlegd, maar {country} ligt buiten de EU.",
            "Controleer het land van de klant en de btw-instelling van de bron.",
        ),
        (
            "The VAT is reverse-charged, but {country} is outside the EU.",
            "Check the customer's country and the source's VAT settings.",
        ),
    ),
    kind(
        "EXPORT_WITHIN_EU",
        Level.ERROR,
        (
            "Er is 0% btw berekend als uitvoer, maar {country} ligt in de EU.",
            "Controleer het afleveradres en de btw-instelling van de bron.",
        ),
        (
            "0% VAT was charged as export, but {country} is in the EU.",
            "Check the delivery address and the source's VAT settings.",
        ),
    ),
    kind(
        "TAX_ON_ZERO_TREATMENT",
        Level.ERROR,
        (
            "De bron zegt dat er geen btw geldt, maar regel '{line}' heeft {rate}%.",
            "Herstel het document in de bron en druk op Verwerk.",
        ),
        (
            "The source says no VAT applies, but line '{line}' carries {rate}%.",
            "Mend the document in the source and press Process.",
        ),
    ),
    kind(
        "RATE_NOT_OF_COUNTRY",
        Level.ERROR,
        (
            "{rate}% is op {date} geen btw-tarief van {home} of van {country}.",
            "Controleer de btw-instelling van de bron voor {country}.",
        ),
        (
            "On {date}, {rate}% is no VAT rate of {home} or of {country}.",
            "Check the source's VAT settings for {country}.",
        ),
    ),
    kind(
        "RATE_NOT_CHECKED",
        Level.WARNING,
        (
            "De btw-tarieven van {home} op {date} zijn niet bekend; de tarieven van het document zijn overgenomen.",
            "Controleer de btw van dit oude document.",
        ),
        (
            "The VAT rates of {home} on {date} are not known; the document's rates were taken over.",
            "Check the VAT of this old document.",
        ),
    ),
    kind(
        "RATES_OF_TWO_COUNTRIES",
        Level.ERROR,
        (
            "Het document mengt tarieven van {home} ({home_rates}) en van {country} ({rates}).",
            "Controleer de btw-instelling van de bron voor {country}, ook op verzendkosten.",
        ),
        (
            "The document mixes rates of {home} ({home_rates}) and of {country} ({rates}).",
            "Check the source's VAT settings for {country}, shipping costs included.",
        ),
    ),
    kind(
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
    kind(
        "TREATMENT_INFERRED",
        Level.WARNING,
        (
            "De bron zegt niet waarom er geen btw is; geboekt als intracommunautair om {vat_number} ({country}).",
            "Controleer de btw-instelling van de bron voor zakelijke klanten in de EU.",
        ),
        (
            "The source does not say why there is no VAT; booked as intra-EU because of {vat_number} ({country}).",
            "Check the source's VAT settings for business customers in the EU.",
        ),
    ),
    kind(
        "COUNTRY_MISSING",
        Level.ERROR,
        (
            "Er is geen btw berekend en het land van de klant ontbreekt.",
            "Vul het land in de bron in en druk op Verwerk.",
        ),
        (
            "No VAT was charged and the customer's country is missing.",
            "Enter the country in the source and press Process.",
        ),
    ),
)
