"""``python -m sandbox SYSTEM[=PORT]…``: serve simulated systems until told to stop."""

import signal
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Annotated

import typer
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from rich.console import Console
from rich.table import Table

from sandbox._app import AnySimulator
from sandbox._clock import Clock
from sandbox._registry import SYSTEMS, simulator_class
from sandbox._server import running


def serve(
    systems: Annotated[list[str], typer.Argument(metavar="SYSTEM[=PORT]…", show_default=False)],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    seed: Annotated[int | None, typer.Option(help="Which reproducible content to start with.")] = None,
    orders: Annotated[int | None, typer.Option(min=0, help="How many orders the shops start with.")] = None,
    option: Annotated[
        list[str] | None, typer.Option(metavar="SYSTEM.KEY=VALUE", help="A switch of one system; repeatable.")
    ] = None,
    show_help: Annotated[
        bool, typer.Option("--help", is_eager=True, callback=lambda ctx, wanted: _show_help(ctx, wanted))
    ] = False,
) -> None:
    """Serve simulated systems: one line "name  base-url" each, then "ready". Ends on SIGINT or SIGTERM.

    Without a port a free one is taken. Every system has control endpoints under /control of its own port.
    """
    ports = _ports(systems)
    switches = _switches(option or [], ports)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with ExitStack() as stack:
        for name, port in ports.items():
            simulator = _simulator(name, {"seed": seed, "orders": orders}, switches[name])
            try:
                served = stack.enter_context(running(simulator, host=host, port=port))
            except OSError as error:
                raise typer.BadParameter(f"{name} cannot listen on port {port}: {error}") from error
            print(f"{name}  {served.url}", flush=True)
        print("ready", flush=True)
        stop.wait()


def _ports(systems: list[str]) -> dict[str, int]:
    ports: dict[str, int] = {}
    for given in systems:
        name, _, port = given.partition("=")
        if name not in SYSTEMS:
            raise typer.BadParameter(f"no simulator is called {name!r}; there are {', '.join(sorted(SYSTEMS))}")
        if name in ports or (port and not port.isdigit()):
            raise typer.BadParameter(f"{given!r}: a system once, and its port a number")
        ports[name] = int(port or 0)
    return ports


def _switches(given: list[str], ports: Mapping[str, int]) -> dict[str, dict[str, str]]:
    switches: dict[str, dict[str, str]] = {name: {} for name in ports}
    for switch in given:
        key, equals, value = switch.partition("=")
        system, _, field = key.partition(".")
        if system not in switches or not field or not equals:
            raise typer.BadParameter(f"--option {switch!r}: SYSTEM.KEY=VALUE of a system that is started")
        switches[system][field] = value
    return switches


def _simulator(name: str, sizes: Mapping[str, int | None], switches: Mapping[str, str]) -> AnySimulator:
    kind = simulator_class(name)
    known = kind.options_type.model_fields
    common = {field: size for field, size in sizes.items() if size is not None and field in known}
    try:
        return kind(clock=Clock(), **(common | dict(switches)))
    except ValidationError as error:
        raise typer.BadParameter(f"{name}: {error}") from error


def _show_help(ctx: typer.Context, wanted: bool) -> None:
    if not wanted:
        return
    print(ctx.get_help())
    console = Console()
    for name in sorted(SYSTEMS):
        simulator = simulator_class(name)()
        console.print(f"\n[bold]{name}[/bold]  (base path {simulator.base_path or '/'})")
        for line in simulator.credentials():
            console.print(f"  {line}", highlight=False, markup=False)
        table = Table("option", "default", "meaning", box=None, padding=(0, 2), show_edge=False)
        for field, info in simulator.options_type.model_fields.items():
            table.add_row(field, _default(info), _meaning(info))
        console.print(table, markup=False)
    raise typer.Exit


def _default(info: FieldInfo) -> str:
    return repr(info.get_default(call_default_factory=True))


def _meaning(info: FieldInfo) -> str:
    choices = getattr(info.annotation, "__args__", ()) if "Literal" in repr(info.annotation) else ()
    return f"{info.description}" + (f"  [{' | '.join(map(str, choices))}]" if choices else "")


def main() -> None:
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, context_settings={"help_option_names": []})
    app.command()(serve)
    app()


if __name__ == "__main__":
    main()
