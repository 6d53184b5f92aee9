"""Why a document stays where it is."""

from boekbrug.domain.catalogue._kinds import Level, kind

ENTRIES = (
    kind(
        "STATUS_NOT_YET",
        Level.NOTICE,
        (
            "Status '{status}' gaat nog niet over.",
            "Geen actie nodig: het document wordt bij elke run opnieuw bekeken.",
        ),
        (
            "Status '{status}' does not go over yet.",
            "Nothing to do: the document is looked at again in every run.",
        ),
    ),
    kind(
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
    kind(
        "EARLIER_VAT_PERIOD",
        Level.NOTICE,
        (
            "Het document is van {date}, vóór het btw-tijdvak dat op {start} begon; het pakket dateert de factuur op "
            "de dag waarop zij wordt gemaakt.",
            "Overleg met uw boekhouder. Moet het toch in dit tijdvak, start dan een nieuwe overname die eerdere "
            "tijdvakken toestaat.",
        ),
        (
            "The document is of {date}, before the VAT period that began on {start}; the package dates an invoice on "
            "the day it is made.",
            "Ask your accountant. To have it in this period all the same, start a new migration that accepts earlier "
            "periods.",
        ),
    ),
    kind(
        "BEFORE_START",
        Level.NOTICE,
        (
            "Het document is van {date}, vóór de startdatum {start} van de route.",
            "Verzet de startdatum als dit document toch over moet.",
        ),
        (
            "The document is of {date}, before the route's start date {start}.",
            "Move the start date if this document has to go over after all.",
        ),
    ),
    kind(
        "BEFORE_FIRST_NUMBER",
        Level.NOTICE,
        (
            "Nummer {number} ligt vóór het eerste nummer {first} van de route.",
            "Verlaag het eerste nummer als dit document toch over moet.",
        ),
        (
            "Number {number} is before the route's first number {first}.",
            "Lower the first number if this document has to go over after all.",
        ),
    ),
)
