"""The service description of e-Boekhouden.nl's SOAP interface: twenty operations, their messages and types.

Written as one table, from which the WSDL and the schema that requests are held against are made. A field is
``Name`` (text), ``Name:type``, with ``!`` when it must be there and ``~`` when it may be nil; a trailing colon
means that the vendor's own description names no type.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

TARGET = "http://www.e-boekhouden.nl/soap"
SOAP_11 = "http://schemas.xmlsoap.org/wsdl/soap/"
SOAP_12 = "http://schemas.xmlsoap.org/wsdl/soap12/"

KINDS = (
    "OpeningsSaldo", "FactuurOntvangen", "FactuurVerstuurd", "FactuurbetalingOntvangen", "FactuurbetalingVerstuurd",
    "GeldOntvangen", "GeldUitgegeven", "Memoriaal",
)  # fmt: skip
ENUMERATIONS = {"enMutatieSoorten": KINDS, "enOpenpostenSoort": ("Debiteuren", "Crediteuren")}

_LINE = "BedragInvoer:decimal! BedragExclBTW:decimal! BedragBTW:decimal! BedragInclBTW:decimal! BTWCode " \
        "BTWPercentage:decimal!"  # fmt: skip
_MUTATION = "MutatieNr:long! Soort:enMutatieSoorten! Datum:dateTime! Rekening RelatieCode Factuurnummer Boekstuk " \
            "Omschrijving Betalingstermijn"  # fmt: skip

TYPES = {
    "cError": "LastErrorCode LastErrorDescription",
    "cAdministratie": "Bedrijf Plaats Guid StartBoekjaar",
    "cSaldoFilter": "GbCode KostenPlaatsId:long! DatumVan:dateTime!~ DatumTot:dateTime!~",
    "cSaldiFilter": "KostenPlaatsId:long! DatumVan:dateTime!~ DatumTot:dateTime!~ Categorie",
    "cSaldo": "ID:long! Code Categorie Saldo:double!",
    "cFactuur": "Factuurnummer Relatiecode Datum:dateTime! Betalingstermijn:long! Factuursjabloon "
    "PerEmailVerzenden:boolean! EmailOnderwerp EmailBericht EmailVanAdres EmailVanNaam AutomatischeIncasso:boolean! "
    "IncassoIBAN IncassoMachtigingSoort IncassoMachtigingID IncassoMachtigingDatumOndertekening:dateTime! "
    "IncassoMachtigingFirst:boolean! IncassoRekeningNummer IncassoTnv IncassoPlaats IncassoOmschrijvingRegel1 "
    "IncassoOmschrijvingRegel2 IncassoOmschrijvingRegel3 InBoekhoudingPlaatsen:boolean! "
    "BoekhoudmutatieOmschrijving Regels:ArrayOfCFactuurRegel",
    "cFactuurRegel": "Aantal:double! Eenheid Code Omschrijving PrijsPerEenheid:double! BTWCode TegenrekeningCode "
    "KostenplaatsID:long!",
    "cFactuurFilter": "Factuurnummer Relatiecode DatumVan:dateTime! DatumTm:dateTime!",
    "cFactuurList": "Factuurnummer Relatiecode: Datum:dateTime! Betalingstermijn:long! TotaalExclBTW:double! "
    "TotaalBTW:double! TotaalInclBTW:double! TotaalOpenstaand:double! URLPDFBestand Regels:ArrayOfCFactuurRegel",
    "cMutatie": f"{_MUTATION} Betalingskenmerk InExBTW MutatieRegels:ArrayOfCMutatieRegel",
    "cMutatieRegel": f"{_LINE} TegenrekeningCode KostenplaatsID:long!",
    "cMutatieFilter": "MutatieNr:long! MutatieNrVan:long MutatieNrTm:long Factuurnummer DatumVan:dateTime! "
    "DatumTm:dateTime!",
    "cMutatieList": f"{_MUTATION} InExBTW MutatieRegels:ArrayOfCMutatieListRegel",
    "cMutatieListRegel": f"{_LINE} Factuurnummer TegenrekeningCode KostenplaatsID:long!",
    "cGrootboekrekening": "ID:long! Code Omschrijving Categorie Groep",
    "cGrootboekrekeningFilter": "ID:long! Code Categorie",
    "cRelatie": "ID:long! AddDatum:dateTime! Code Bedrijf Contactpersoon Geslacht Adres Postcode Plaats Land Adres2 "
    "Postcode2 Plaats2 Land2 Telefoon GSM FAX Email Site Notitie Bankrekening Girorekening BTWNummer KvkNummer Aanhef "
    "IBAN BIC BP Def1 Def2 Def3 Def4 Def5 Def6 Def7 Def8 Def9 Def10 LA Gb_ID:long! GeenEmail:long! "
    "NieuwsbriefgroepenCount:long!",
    "cRelatieFilter": "Trefwoord Code ID:long!",
    "cOpenPost": "MutDatum:dateTime! MutFactuur RelCode RelBedrijf Bedrag:double! Voldaan:double! Openstaand:double!",
    "cKostenplaatsFilter": "KostenplaatsID:long KostenplaatsParentID:long Omschrijving",
    "cKostenplaats": "KostenplaatsId:long! Omschrijving KostenplaatsParentId:long!",
    "cArtikelFilter": "ArtikelID:long ArtikelOmschrijving ArtikelCode GroepOmschrijving GroepCode",
    "cArtikel": "ArtikelID:long! ArtikelOmschrijving ArtikelCode GroepOmschrijving GroepCode Eenheid "
    "InkoopprijsExclBTW:decimal! VerkoopprijsExclBTW:decimal! VerkoopprijsInclBTW:decimal! BTWCode TegenrekeningCode "
    "BtwPercentage:decimal! KostenplaatsID:long! Actief:boolean!",
}

ARRAYS = {
    f"ArrayOf{name[0].upper()}{name[1:]}": name
    for name in ("cAdministratie", "cSaldo", "cFactuurRegel", "cFactuurList", "cMutatieRegel", "cMutatieList",
                 "cMutatieListRegel", "cGrootboekrekening", "cRelatie", "cOpenPost", "cKostenplaats", "cArtikel")
}  # fmt: skip


class Operation(NamedTuple):
    """What is sent, the type of the answer (None: an empty answer), and what that type holds beside ``ErrorMsg``."""

    request: str
    result: str | None
    payload: str = ""


_SESSION = "SessionID SecurityCode2"

OPERATIONS = {
    "GetAdministraties": Operation(_SESSION, "cResultGetAdministraties", "Administraties:ArrayOfCAdministratie"),
    "GetSaldo": Operation(f"{_SESSION} cFilter:cSaldoFilter", "cResultGetSaldo", "Saldo:double!"),
    "GetSaldi": Operation(f"{_SESSION} cFilter:cSaldiFilter", "cResultGetSaldi", "Saldi:ArrayOfCSaldo"),
    "AddFactuur": Operation(f"{_SESSION} oFact:cFactuur", "cResultAddFactuur", "Factuurnummer"),
    "GetFacturen": Operation(
        f"{_SESSION} cFilter:cFactuurFilter", "cResultGetFacturen", "Facturen:ArrayOfCFactuurList"
    ),
    "AddMutatie": Operation(f"{_SESSION} oMut:cMutatie", "cResultAddMutatie", "Mutatienummer:long!"),
    "GetMutaties": Operation(
        f"{_SESSION} cFilter:cMutatieFilter", "cResultGetMutaties", "Mutaties:ArrayOfCMutatieList"
    ),
    "AddGrootboekrekening": Operation(
        f"{_SESSION} oGb:cGrootboekrekening", "cResultAddGrootboekrekening", "Gb_ID:long!"
    ),
    "UpdateGrootboekrekening": Operation(f"{_SESSION} oGb:cGrootboekrekening", "cError"),
    "GetGrootboekrekeningen": Operation(
        f"{_SESSION} cFilter:cGrootboekrekeningFilter",
        "cResultGetGrootboekrekeningen",
        "Rekeningen:ArrayOfCGrootboekrekening",
    ),
    "AddRelatie": Operation(f"{_SESSION} oRel:cRelatie", "cResultAddRelatie", "Rel_ID:long!"),
    "UpdateRelatie": Operation(f"{_SESSION} oRel:cRelatie", "cError"),
    "GetRelaties": Operation(f"{_SESSION} cFilter:cRelatieFilter", "cResultGetRelaties", "Relaties:ArrayOfCRelatie"),
    "GetOpenPosten": Operation(
        f"{_SESSION} OpSoort:enOpenpostenSoort!", "cResultGetOpenPosten", "Openposten:ArrayOfCOpenPost"
    ),
    "OpenSession": Operation("Username SecurityCode1 SecurityCode2 Source", "cResultOpenSession", "SessionID"),
    "OpenSessionSub": Operation(
        "Username SecurityCode1 SecurityCode2 Source AdministratieGUID", "cResultOpenSession", "SessionID"
    ),
    "CloseSession": Operation("SessionID", None),
    "AutoLogin": Operation("Username SessionID SecurityCode2", "cResultAutoLogin", "Token"),
    "GetKostenplaatsen": Operation(
        f"{_SESSION} cFilter:cKostenplaatsFilter", "cResultGetKostenplaatsen", "Kostenplaatsen:ArrayOfCKostenplaats"
    ),
    "GetArtikelen": Operation(f"{_SESSION} cFilter:cArtikelFilter", "cResultGetArtikelen", "Artikelen:ArrayOfCArtikel"),
}


class Field(NamedTuple):
    """One element of a sequence; ``type`` is empty when none is named."""

    name: str
    type: str
    required: bool
    nillable: bool


def fields(written: str) -> Sequence[Field]:
    """The elements that a line of the table stands for."""
    found = []
    for word in written.split():
        name, colon, type = word.rstrip("!~").partition(":")
        found.append(Field(name, type if colon else "string", "!" in word, "~" in word))
    return found


def result_fields(name: str) -> Sequence[Field]:
    """What the answer of an operation holds, ``ErrorMsg`` first; for an Update only the error itself."""
    operation = OPERATIONS[name]
    if operation.result == "cError":
        return fields(TYPES["cError"])
    return fields(f"ErrorMsg:cError {operation.payload}")


def schema(named: Mapping[str, str] | None = None, extra: str = "") -> str:
    """The XML schema; ``named`` puts another type in the place of a built-in one, ``extra`` declares it."""

    def sequence(written: Sequence[Field]) -> str:
        return f"<s:sequence>{''.join(map(element, written))}</s:sequence>"

    def element(field: Field) -> str:
        nillable = ' nillable="true"' if field.nillable else ""
        type = (named or {}).get(field.type) or _qualified(field.type)
        typed = f' type="{type}"' if field.type else ""
        return f'<s:element minOccurs="{int(field.required)}" maxOccurs="1" name="{field.name}"{nillable}{typed}/>'

    def complex_type(name: str, written: Sequence[Field]) -> str:
        return f'<s:complexType name="{name}">{sequence(written)}</s:complexType>'

    def message(name: str, written: Sequence[Field]) -> str:
        content = sequence(written) if written else ""
        return f'<s:element name="{name}"><s:complexType>{content}</s:complexType></s:element>'

    parts = [extra]
    for name, operation in OPERATIONS.items():
        answer = fields(f"{name}Result:{operation.result}") if operation.result else []
        parts += [message(name, fields(operation.request)), message(f"{name}Response", answer)]
    results = {operation.result: name for name, operation in OPERATIONS.items() if operation.payload}
    parts += [complex_type(type, result_fields(name)) for type, name in results.items() if type]
    parts += [complex_type(name, fields(written)) for name, written in TYPES.items()]
    parts += [
        f'<s:complexType name="{array}"><s:sequence><s:element minOccurs="0" maxOccurs="unbounded" name="{name}" '
        f'nillable="true" type="tns:{name}"/></s:sequence></s:complexType>'
        for array, name in ARRAYS.items()
    ]
    for name, values in ENUMERATIONS.items():
        allowed = "".join(f'<s:enumeration value="{value}"/>' for value in values)
        parts.append(
            f'<s:simpleType name="{name}"><s:restriction base="s:string">{allowed}</s:restriction></s:simpleType>'
        )
    return (
        f'<s:schema xmlns:s="http://www.w3.org/2001/XMLSchema" xmlns:tns="{TARGET}" elementFormDefault="qualified" '
        f'targetNamespace="{TARGET}">{"".join(parts)}</s:schema>'
    )


def _qualified(type: str) -> str:
    return f"{'s' if type in ('string', 'long', 'decimal', 'double', 'boolean', 'dateTime') else 'tns'}:{type}"


@lru_cache(maxsize=8)
def wsdl(address: str) -> str:
    """The whole description, for a service that answers at this address."""
    messages = "".join(
        f'<wsdl:message name="{name}Soap{way}"><wsdl:part name="parameters" element="tns:{name}{suffix}"/>'
        f"</wsdl:message>"
        for name in OPERATIONS
        for way, suffix in (("In", ""), ("Out", "Response"))
    )
    port = "".join(
        f'<wsdl:operation name="{name}"><wsdl:input message="tns:{name}SoapIn"/>'
        f'<wsdl:output message="tns:{name}SoapOut"/></wsdl:operation>'
        for name in OPERATIONS
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?>'
        f'<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:tns="{TARGET}" xmlns:soap="{SOAP_11}" '
        f'xmlns:soap12="{SOAP_12}" targetNamespace="{TARGET}"><wsdl:types>{schema()}</wsdl:types>{messages}'
        f'<wsdl:portType name="soapAppSoap">{port}</wsdl:portType>'
        f"{_binding('soapAppSoap', 'soap')}{_binding('soapAppSoap12', 'soap12')}"
        f'<wsdl:service name="soapApp">{_port("soapAppSoap", "soap", address)}'
        f"{_port('soapAppSoap12', 'soap12', address)}</wsdl:service></wsdl:definitions>"
    )


def _binding(name: str, prefix: str) -> str:
    body = f'<{prefix}:body use="literal"/>'
    operations = "".join(
        f'<wsdl:operation name="{operation}"><{prefix}:operation soapAction="{TARGET}/{operation}" style="document"/>'
        f"<wsdl:input>{body}</wsdl:input><wsdl:output>{body}</wsdl:output></wsdl:operation>"
        for operation in OPERATIONS
    )
    return (
        f'<wsdl:binding name="{name}" type="tns:soapAppSoap">'
        f'<{prefix}:binding transport="http://schemas.xmlsoap.org/soap/http"/>{operations}</wsdl:binding>'
    )


def _port(name: str, prefix: str, address: str) -> str:
    return f'<wsdl:port name="{name}" binding="tns:{name}"><{prefix}:address location="{address}"/></wsdl:port>'
