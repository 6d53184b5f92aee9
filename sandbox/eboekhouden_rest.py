"""The simulated e-Boekhouden.nl, spoken to over REST (v1); with the option ``both`` over SOAP as well.

Paths under ``/v1``. What its documentation leaves open or tells in two ways is a switch: see the options.
"""

from collections.abc import Sequence
from typing import ClassVar

from sandbox._eboekhouden import EBoekhouden, Interface
from sandbox._eboekhouden_rest import Rest
from sandbox._eboekhouden_soap import Soap


class EBoekhoudenRest(EBoekhouden):
    """The package by its REST interface."""

    name: ClassVar[str] = "e-boekhouden-rest"

    def interfaces(self) -> Sequence[Interface]:
        return [Rest(self), Soap(self)]
