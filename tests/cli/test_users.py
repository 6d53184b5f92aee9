import io
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.world import MOKKENHUIS, World


def test_an_invitation_is_a_link_and_a_password_makes_a_user(
    cli: Cli, shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOEKBRUG_DASHBOARD_URL", "https://boekbrug.example.nl/")
    invited = cli("user", "add", "jo@example.com", "--tenant", MOKKENHUIS)
    assert re.fullmatch(rf"{MOKKENHUIS}: https://boekbrug\.example\.nl/invitation/[\w-]{{43}}\n", invited.out)
    assert cli("user", "list", "--json").json == []

    monkeypatch.setattr(sys, "stdin", io.StringIO("een lang wachtwoord\n"))
    added = cli("user", "add", "Kim@example.com", "--role", "accountant", "--tenant", MOKKENHUIS, "--password-stdin")
    assert added.code == 0 and "wachtwoord" not in added.out
    assert cli("user", "list", "--json").json == [
        {"email": "kim@example.com", "disabled": False, "tenants": {MOKKENHUIS: "accountant"}}
    ]
    assert cli("user", "disable", "kim@example.com").code == 0
    assert cli("user", "list", "--json").json[0]["disabled"]
    assert cli("user", "disable", "--undo", "kim@example.com").code == 0
    assert "kim@example.com" in cli("user", "list").out


@pytest.mark.parametrize("said", ["", "kort\n"])
def test_a_password_that_is_none_is_refused(cli: Cli, shop: World, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(said))
    assert cli("user", "add", "kim@example.com", "--tenant", MOKKENHUIS, "--password-stdin").code == 3
    assert cli("user", "list", "--json").json == []


def test_names_that_do_not_exist_are_told(cli: Cli, shop: World) -> None:
    assert "mokkenhuis" in cli("user", "add", "jo@example.com", "--tenant", "onzin").err
    assert cli("user", "add", "onzin", "--tenant", MOKKENHUIS).code == 3
    assert cli("user", "disable", "jo@example.com").code == 3


def test_the_dashboard_tells_its_address_and_serves(cli: Cli, shop: World) -> None:
    command = [str(Path(sys.executable).parent / "boekbrug"), "dashboard", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        address = process.stdout.readline().removeprefix("Dashboard: ").strip()
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(f"{address}/login", timeout=60) as answer:
            assert b"Boekbrug" in answer.read() and "server" not in answer.headers
    finally:
        process.terminate()
        assert process.wait(timeout=30) in (0, -15)


def test_without_tables_the_dashboard_does_not_start(cli: Cli) -> None:
    assert cli("dashboard").code == 3
