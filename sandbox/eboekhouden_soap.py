"""The simulated e-Boekhouden.nl, spoken to over SOAP; with the option ``both`` over REST as well.

Endpoint ``/soap.asmx``, description ``/soap.asmx?wsdl``. What its manual leaves open or tells in two ways is a
switch: see the options.
"""

from collections.abc import Sequence
from typing import ClassVar

from sandbox._eboekhouden import EBoekhouden, Interface
from sandbox._eboekhouden_rest import Rest
from sandbox._eboekhouden_soap import Soap


class EBoekhoudenSoap(EBoekhouden):
    """The package by its SOAP interface."""

    name: ClassVar[str] = "e-boekhouden-soap"

    def interfaces(self) -> Sequence[Interface]:
        return [Soap(self), Rest(self)]
