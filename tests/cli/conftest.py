"""The `boekbrug` command through its real entry, in this process: `cli("status", "--json")`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from boekbrug.cli import main
from demo.__main__ import SECRETS
from tests.world import World, demo_yaml


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Done]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Cli:
    """Runs a command in a home of its own and returns its exit code and what it printed."""
    monkeypatch.setenv("BOEKBRUG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "80")
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> Done:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["boekbrug", *arguments])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        printed = capsys.readouterr()
        return Done(code, printed.out, printed.err)

    return run


@pytest.fixture
def shop(make_world: Callable[..., World], cli: Cli, tmp_path: Path) -> World:
    """Simulators in real time with twelve orders, and the demo's first tenant imported by the command line."""
    world = make_world(shop={"orders": 12, "shops": 1}, books={"clients": 3})
    for one in (world.shop, world.books):
        one.control.real_time()
    file = tmp_path / "mokkenhuis.yaml"
    file.write_text(demo_yaml("mokkenhuis", world.shop.url, world.books.url))
    assert cli("init").code == 0
    assert cli("tenant", "import", str(file)).code == 0
    return world
