"""The simulated systems by name."""

from pkgutil import resolve_name
from typing import cast

from sandbox._app import AnySimulator

SYSTEMS: dict[str, str] = {
    "e-boekhouden-rest": "sandbox.eboekhouden_rest:EBoekhoudenRest",
    "e-boekhouden-soap": "sandbox.eboekhouden_soap:EBoekhoudenSoap",
    "ecb": "sandbox.ecb:Ecb",
    "factuursturen": "sandbox.factuursturen:Factuursturen",
    "mijnwebwinkel": "sandbox.mijnwebwinkel:Mijnwebwinkel",
    "vies": "sandbox.vies:Vies",
    "wefact": "sandbox.wefact:Wefact",
}
"""System → module and class; imported when asked for."""


def simulator_class(name: str) -> type[AnySimulator]:
    """The simulator of a system.

    Raises:
        KeyError: no such system.
    """
    if name not in SYSTEMS:
        raise KeyError(f"no simulator is called {name!r}; there are {', '.join(sorted(SYSTEMS))}")
    return cast(type[AnySimulator], resolve_name(SYSTEMS[name]))
