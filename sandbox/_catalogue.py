"""What the generated shops sell and to whom: names, places, products, and VAT numbers with right check digits.

Everything here is invented. E-mail addresses use the domains reserved for examples.
"""

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random

from stdnum.fr import siren
from stdnum.gr import vat as gr_vat
from stdnum.iso7064 import mod_11_10
from stdnum.luhn import calc_check_digit as luhn_digit
from stdnum.nl import bsn

HOME = "NL"
HIGH, LOW, ZERO = Decimal("21"), Decimal("9"), Decimal("0")

#: Standard VAT rates (percent, 2026) of the countries that the generated shops deliver to; outside the EU: 0.
STANDARD_RATES = {
    "NL": HIGH, "BE": Decimal("21"), "DE": Decimal("19"), "FR": Decimal("20"), "FI": Decimal("25.5"),
    "GR": Decimal("24"), "GB": ZERO, "US": ZERO, "CH": ZERO,
}  # fmt: skip
COUNTRY_NAMES = {
    "NL": "Nederland", "BE": "België", "DE": "Duitsland", "FR": "Frankrijk", "FI": "Finland",
    "GR": "Griekenland", "GB": "Verenigd Koninkrijk", "US": "Verenigde Staten", "CH": "Zwitserland",
}  # fmt: skip


@dataclass(frozen=True)
class Address:
    """A postal address; `country` is ISO 3166-1 alpha-2, `gender` is "M", "V" or ""."""

    name: str
    company: str
    street: str
    number: str
    postcode: str
    city: str
    country: str
    phone: str
    gender: str = ""
    vat_number: str = ""


@dataclass(frozen=True)
class Customer:
    """A buyer. `id` is a UUID for a registered customer and empty for a guest; `email` may be empty for a guest."""

    id: str
    email: str
    invoice: Address
    delivery: Address | None = None


@dataclass(frozen=True)
class Product:
    """Something on the shelf; `price` is the Dutch shelf price including VAT, `rate` a percentage."""

    id: int
    sku: str
    name: str
    price: Decimal
    rate: Decimal


@dataclass(frozen=True)
class _Place:
    """How addresses and names of one country look; in postcodes # is a digit and @ a letter."""

    women: str
    men: str
    surnames: str
    streets: str
    cities: str
    phones: str


_PLACES = {
    "NL": _Place(
        "Emma Julia Sanne Lotte Fleur Anouk Maaike Femke Iris Marieke Noor Roos Esther Wilma Hanneke Fatima Yara Truus",
        "Daan Sem Lucas Thijs Bram Jeroen Pieter Sander Wouter Mohammed Kees Henk Ruben Joost Gijs Koen Dirk-Jan Cas",
        "de Jong|Jansen|de Vries|van den Berg|van Dijk|Bakker|Janssen|Visser|Smit|Meijer|de Boer|Mulder|de Groot|Bos"
        "|Vos|Peters|Hendriks|van Leeuwen|Dekker|Brouwer|de Wit|Dijkstra|Smits|de Graaf|van der Meer|Kok|Jacobs"
        "|Vermeulen|van den Heuvel|van der Veen|El Idrissi|Yılmaz|'t Hart|van 't Hof|Hoekstra|Koster|Prins|Blom",
        "Dorpsstraat|Kerkstraat|Molenstraat|Schoolstraat|Stationsweg|Nieuwstraat|Julianalaan|Oranjestraat|Parklaan"
        "|Hoofdstraat|Wilhelminastraat|Burgemeester van Lanschotlaan|Beatrixstraat|Eikenlaan|'s-Gravelandseweg"
        "|1e Constantijn Huygensstraat|Lange Nieuwstraat|Prins Bernhardkade",
        "Amsterdam:10## @@|Rotterdam:30## @@|Den Haag:25## @@|Utrecht:35## @@|Eindhoven:56## @@|Groningen:97## @@"
        "|Nijmegen:65## @@|Haarlem:20## @@|Zwolle:80## @@|Maastricht:62## @@|Leiden:23## @@|Oss:534# @@"
        "|Middelburg:433# @@|Leeuwarden:89## @@|'s-Hertogenbosch:52## @@|Alkmaar:18## @@|Deventer:74## @@"
        "|Breda:48## @@|Almere:13## @@|Amersfoort:38## @@|Capelle aan den IJssel:290# @@",
        "06-12######|0612######|+31 6 12######|06 12 ## ## ##|020-55#####|073-55#####",
    ),
    "BE": _Place(
        "An Lies Elke Griet Charlotte Amélie", "Jef Wout Stijn Luc Matthias Benoît",
        "Peeters|Janssens|Maes|Claes|Dubois|Lambert|De Smet|Van Damme|Vandenbroucke",
        "Kerkstraat|Nieuwstraat|Grote Markt|Stationsstraat|Rue de la Loi|Leuvensesteenweg",
        "Antwerpen:20##|Gent:90##|Brussel:10##|Leuven:30##|Brugge:80##|Namur:50##",
        "+32 470 ## ## ##|0470/12.##.##",
    ),
    "DE": _Place(
        "Anna Lena Sabine Silke Heike", "Max Jürgen Björn Stefan Uwe",
        "Müller|Schmidt|Schäfer|Weiß|Krüger|Fischer|Groß", "Hauptstraße|Bahnhofstraße|Gartenweg|Lindenallee",
        "Berlin:10###|Köln:506##|München:803##|Hamburg:200##|Düsseldorf:402##", "+49 151 2#######|0151/2#######",
    ),
    "FR": _Place(
        "Chloé Aurélie Inès Françoise", "Loïc Étienne Jérôme François",
        "Lefèvre|Dupont|Garçon|Moreau|Bérenger", "Rue de la Paix|Avenue de la République|Boulevard Voltaire",
        "Paris:750##|Lyon:690##|Lille:590##|Nîmes:300##", "+33 6 39 98 ## ##",
    ),
    "FI": _Place(
        "Aino Päivi Sanna", "Väinö Jukka Ville", "Mäkinen|Korhonen|Hämäläinen|Virtanen",
        "Mannerheimintie|Hämeenkatu|Aleksanterinkatu", "Helsinki:001#0|Tampere:331#0|Turku:201#0", "+358 40 1######",
    ),
    "GR": _Place(
        "Maria Eleni", "Giorgos Nikos", "Papadopoulos|Georgiou|Nikolaidis", "Ermou|Leoforos Syngrou",
        "Athina:105 ##|Thessaloniki:546 ##", "+30 69########",
    ),
    "GB": _Place(
        "Olivia Charlotte", "Harry Oliver", "Smith|O'Brien|Featherstonehaugh|Taylor",
        "High Street|Church Lane|Mill Road",
        "London:SW1A #@@|London:EC1A #@@|Manchester:M# #@@|Edinburgh:EH## #@@", "+44 7700 900###",
    ),
    "US": _Place(
        "Emily Madison", "Jacob Tyler", "Johnson|Miller|Garcia", "Main Street|2nd Avenue|Oak Drive",
        "New York, NY:100##-####|Springfield, IL:627##-####|Portland, OR:972##-####", "+1 212-555-01##",
    ),
    "CH": _Place(
        "Heidi Ursula", "Reto Urs", "Meier|Zürcher|Favre", "Bahnhofstrasse|Seestrasse|Rue du Rhône",
        "Zürich:80##|Genève:12##|Bern:30##", "+41 79 1## ## ##",
    ),
}  # fmt: skip

_TRADES = ("Bakkerij", "Bloemenhuis", "Boekhandel", "Brasserie", "Fietsenwinkel", "Hotel", "Kapsalon", "Kwekerij",
           "Praktijk", "Studio", "Tuincentrum", "Wijnhandel")  # fmt: skip
_FORMS = {"NL": ("B.V.", "V.O.F.", ""), "BE": ("BV", "NV", "CommV"), "DE": ("GmbH", "GmbH & Co. KG"), "FR": ("SARL",),
          "FI": ("Oy",), "GR": ("A.E.",), "GB": ("Ltd",), "US": ("LLC",), "CH": ("AG",)}  # fmt: skip

_GOODS = (
    "Keramische mok:12.95:21|Beeswax kaars:8.50:21|Linnen theedoek:9.95:21|Wollen plaid:49.00:21|Notitieboek A5:14.95:9"
    "|Prentenboek Kikker:16.99:9|Kookboek Groente:27.50:9|Ansichtkaarten (set van 5):6.25:21|Houten snijplank:34.90:21"
    "|Dille & honing thee 100 g:5.95:9|Koffiebonen 1 kg:19.75:9|Stroopwafels in blik:7.49:9|Pure chocolade 72%:3.85:9"
    "|Olijfolie extra vierge 0,5 l:11.20:9|Boeket veldbloemen:24.95:9|Tulpenbollen (25 stuks):8.99:9"
    "|Kamerplant Monstera:32.00:9|Gietijzeren pan 26 cm:89.95:21|Schort denim:29.50:21|Rieten mand:21.75:21"
    "|Wandklok eiken:64.00:21|Poster Waddenzee 50x70:18.95:21|Sokken merinowol:13.90:21|Regenponcho:39.95:21"
    "|Fietstas dubbel:74.99:21|Bidon RVS 750 ml:22.49:21|Zonnebrand factor 30:15.95:21|Handzeep vijg:10.75:21"
    "|Puzzel Elfstedentocht 1000:19.99:21|Lego Molen:119.00:21|USB-C kabel 2 m:1.05:21|Stickervel:0.35:21"
    "|Zaklamp LED:16.67:21|Spijkers 40 mm (per stuk):0.07:21|Luisterboek abonnement:9.99:9|Hondenbrokken 12 kg:54.45:9"
)
_VARIANTS = ("", " - cadeauverpakt", " - met kaartje", " (2e keus)", " - set van 2", " - op voorraad")


def _goods() -> tuple[Product, ...]:
    rows = [(row.split(":"), variant) for variant in _VARIANTS for row in _GOODS.split("|")]
    return tuple(
        Product(1000 + at, f"SKU-{1000 + at}", name + variant, Decimal(price), Decimal(rate))
        for at, ((name, price, rate), variant) in enumerate(rows)
    )


PRODUCTS = _goods()
PRODUCTS_BY_RATE = {rate: tuple(p for p in PRODUCTS if p.rate == rate) for rate in (HIGH, LOW)}


def _filled(pattern: str, rng: Random) -> str:
    digits = "".join(str(rng.randint(1, 9)) if char == "#" else char for char in pattern)
    return "".join(rng.choice("ABCDEGHJKLMNPRTVWXZ") if char == "@" else char for char in digits)


def person(rng: Random, country: str = HOME) -> Customer:
    """A private guest with an e-mail address, living in `country`."""
    place = _PLACES[country]
    gender = rng.choice("MV")
    first = rng.choice((place.women if gender == "V" else place.men).split())
    surname = rng.choice(place.surnames.split("|"))
    city, postcode = rng.choice(place.cities.split("|")).split(":")
    address = Address(
        name=f"{first} {surname}",
        company="",
        street=rng.choice(place.streets.split("|")),
        number=f"{rng.randint(1, 240)}{rng.choice(('', '', '', '', 'a', ' bis', '-2'))}",
        postcode=_filled(postcode, rng),
        city=city,
        country=country,
        phone=_filled(rng.choice(place.phones.split("|")), rng),
        gender=gender,
    )
    mailbox = re.sub("[^a-z.]", "", f"{first}.{surname}".lower())
    domain = rng.choice(("example.com", "example.org", "example.net"))
    return Customer("", f"{mailbox}{rng.randint(10, 999_999)}@{domain}", address)


def business(rng: Random, country: str = HOME) -> Customer:
    """A business guest with company name and a VAT number whose check digits are right."""
    contact = person(rng, country)
    surname = contact.invoice.name.split(" ", 1)[1]
    company = f"{rng.choice(_TRADES)} {surname} {rng.choice(_FORMS[country])}".strip()
    invoice = replace(contact.invoice, company=company, vat_number=vat_number(rng, country))
    return replace(contact, email=f"administratie+{contact.email}", invoice=invoice)


def vat_number(rng: Random, country: str) -> str:
    """An invented VAT number with right check digits for NL, BE, DE, FR, GR (prefix EL); empty elsewhere."""

    def digits(count: int) -> str:
        return str(rng.randint(10 ** (count - 1), 10**count - 1))

    match country:
        case "NL":
            while not bsn.is_valid(number := digits(9)):
                pass
            return f"NL{number}B01"
        case "BE":
            base = f"0{digits(7)}"
            return f"BE{base}{97 - int(base) % 97:02d}"
        case "DE":
            base = digits(8)
            return f"DE{base}{mod_11_10.calc_check_digit(base)}"
        case "FR":
            base = digits(8)
            return f"FR{siren.to_tva(base + luhn_digit(base))}"
        case "GR":
            base = digits(8)
            return f"EL{base}{gr_vat.calc_check_digit(base)}"
    return ""
