"""Every command through its real entry: what it does, its exit code, its JSON, and that no secret leaves it."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from boekbrug.cli._output import Exit
from demo.__main__ import SECRETS
from tests.cli.conftest import Cli
from tests.world import DEMO_TENANTS, World, demo_yaml

ROOT = Path(__file__).parent.parent.parent
SCHEMA = json.loads((ROOT / "docs" / "tenant.schema.json").read_text())
SECRET_VALUES = [value for name, value in SECRETS.items() if "KEY" in name or "PARTNER" in name]


def written(folder: Path, text: str) -> str:
    path = folder / "tenant.yaml"
    path.write_text(text)
    return str(path)


def plain_yaml(**changes: Any) -> str:
    return demo_yaml("mokkenhuis", "http://127.0.0.1:9/v1", "http://127.0.0.1:9/api/v1", **changes)


# -- setting up


def test_init_can_be_done_again(cli: Cli, tmp_path: Path) -> None:
    first = cli("init")
    assert (first.code, first.err) == (0, "")
    key = (tmp_path / "home" / "key").read_bytes()
    assert (tmp_path / "home" / "key").stat().st_mode & 0o077 == 0
    assert cli("init").code == 0
    assert (tmp_path / "home" / "key").read_bytes() == key


def test_a_tenant_goes_out_as_it_came_in(cli: Cli, tmp_path: Path) -> None:
    cli("init")
    assert cli("tenant", "import", written(tmp_path, plain_yaml())).code == 0
    exported = cli("tenant", "export", "mokkenhuis")
    assert exported.code == 0
    assert not [secret for secret in SECRET_VALUES if secret in exported.out]
    jsonschema.validate(yaml.safe_load(exported.out), SCHEMA)
    assert cli("tenant", "import", written(tmp_path, exported.out)).code == 0, "credentials that are there stay"
    assert cli("tenant", "export", "mokkenhuis").out == exported.out
    (listed,) = cli("tenant", "list", "--json").json
    assert listed["routes"] == [
        {"route": "verkoop", "source": "mijnwebwinkel", "target": "factuursturen", "enabled": True,
         "schedule": "0 6 * * *"}
    ]  # fmt: skip
    assert "Het Mokkenhuis" in cli("tenant", "list").out


def broken_yaml(change: Any) -> str:
    tenant = yaml.safe_load(plain_yaml())
    change(tenant)
    return yaml.safe_dump(tenant)


def _set(path: str, value: object) -> Any:
    def change(tenant: Any) -> None:
        *where, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        for part in where:
            tenant = tenant[part]
        tenant[last] = value

    return change


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("slug: a\n name: [b", ["line 2", "not YAML"]),
        (broken_yaml(_set("colour", "red")), ["colour"]),
        (broken_yaml(_set("routes.0.policy.statusses", [])), ["routes.0.policy.statusses"]),
        (broken_yaml(_set("routes.0.source", "winkle")), ["winkle", "winkel, boeken"]),
        (broken_yaml(_set("connections.0.system", "magento")), ["magento", "factuursturen, mijnwebwinkel"]),
        (broken_yaml(_set("connections.1.settings.tax_roundin", "x")), ["tax_roundin", "tax_rounding"]),
        (
            broken_yaml(_set("connections.1.settings.tax_rounding", "sometimes")),
            ["tax_rounding", "per_rate", "per_line"],
        ),
        (broken_yaml(_set("connections.1.credentials", {"username": "env:DEMO_BOOKS_USER_1"})), ["api_key", "missing"]),
        (broken_yaml(_set("connections.1.credentials.api_key", "env:NO_SUCH_NAME")), ["NO_SUCH_NAME", "not set"]),
        (broken_yaml(_set("connections.1.credentials.api_key", "s3cret-in-the-file")), ["api_key"]),
        (broken_yaml(_set("time_zone", "Europe/Amsterdma")), ["Europe/Amsterdma"]),
        ("[]", ["mistake"]),
        ("", ["mistake"]),
    ],
)
def test_a_wrong_file_says_what_is_wrong_and_imports_nothing(
    cli: Cli, tmp_path: Path, text: str, says: list[str]
) -> None:
    cli("init")
    done = cli("tenant", "import", written(tmp_path, text))
    message = " ".join(done.err.split())
    assert done.code == Exit.SETTINGS, done
    assert not [part for part in says if part not in message], message
    assert "Traceback" not in done.err
    assert "s3cret-in-the-file" not in done.err + done.out
    assert cli("tenant", "list", "--json").json == []


def test_a_change_that_is_wrong_leaves_the_tenant_as_it_was(cli: Cli, tmp_path: Path) -> None:
    cli("init")
    cli("tenant", "import", written(tmp_path, plain_yaml()))
    before = cli("tenant", "export", "mokkenhuis").out
    wrong = broken_yaml(_set("connections.1.settings.price_decimals", "many")).replace("Het Mokkenhuis", "Anders")
    assert cli("tenant", "import", written(tmp_path, wrong)).code == Exit.SETTINGS
    assert cli("tenant", "export", "mokkenhuis").out == before


def test_a_file_that_is_not_there(cli: Cli) -> None:
    cli("init")
    done = cli("tenant", "import", "/no/such/file.yaml")
    assert (done.code, "cannot be read" in done.err) == (Exit.SETTINGS, True)


@pytest.mark.parametrize(
    "command", [("sync",), ("status",), ("errors",), ("connection", "check"), ("tenant", "export")]
)
def test_an_unknown_tenant_lists_those_there_are(cli: Cli, tmp_path: Path, command: tuple[str, ...]) -> None:
    cli("init")
    cli("tenant", "import", written(tmp_path, plain_yaml()))
    done = cli(*command, "mokkenhius")
    assert done.code == Exit.SETTINGS
    assert "mokkenhius" in done.err and "mokkenhuis" in done.err


@pytest.mark.parametrize(("name", "value"), [("LANGUAGE", "fr"), ("LOG_LEVEL", "loud"), ("PATIENCE_SECONDS", "-1")])
def test_a_wrong_setting_of_the_installation(cli: Cli, monkeypatch: Any, name: str, value: str) -> None:
    monkeypatch.setenv(f"BOEKBRUG_{name}", value)
    done = cli("status")
    assert done.code == Exit.SETTINGS
    assert f"BOEKBRUG_{name}" in done.err and "Traceback" not in done.err


# -- the published schema


@pytest.mark.parametrize("name", ["mokkenhuis", "groothandel-de-bie"])
def test_the_schema_takes_the_demo_tenants(name: str) -> None:
    tenant = yaml.safe_load((DEMO_TENANTS / f"{name}.yaml").read_text())
    for route in tenant["routes"]:
        route["policy"].pop("start_on")  # filled in when the demo starts
    jsonschema.validate(tenant, SCHEMA, format_checker=jsonschema.FormatChecker())


@pytest.mark.parametrize(
    "path_and_value",
    [
        ("colour", "red"),
        ("language", "fr"),
        ("routes.0.mapping.0.kind", "btw"),
        ("routes.0.policy.credit_orders", "often"),
        ("connections.0.credentials.token", "a-real-token"),
        ("routes.0.policy.home_country", "Nederland"),
    ],
)
def test_the_schema_refuses_what_the_import_refuses(path_and_value: tuple[str, object]) -> None:
    tenant = yaml.safe_load(broken_yaml(_set(*path_and_value)))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tenant, SCHEMA)


# -- connections


def test_connections_that_work(cli: Cli, shop: World) -> None:
    done = cli("connection", "check", "mokkenhuis")
    assert (done.code, "WRONG" in done.out) == (0, False)
    rows = cli("connection", "check", "mokkenhuis", "--json").json
    assert all(row["ok"] for row in rows)
    assert {row["connection"] for row in rows} == {"winkel", "boeken"}
    assert not shop.writes()


@pytest.mark.parametrize("what", ["revoked key", "wrong shop token", "switched off", "unreachable"])
def test_connections_that_do_not_work(cli: Cli, shop: World, monkeypatch: Any, tmp_path: Path, what: str) -> None:
    books_url, name = shop.books.url, "boeken"
    if what == "revoked key":
        shop.books.control.set_options(suspended=["demo1"])
    elif what == "wrong shop token":
        name = "winkel"
        monkeypatch.setenv("DEMO_SHOP_TOKEN_1", "not-the-token-1234")
    elif what == "switched off":
        name = "winkel"
        shop.shop.control.post("tokens", {"shop": "demo1", "state": "off"})
    else:
        books_url = "http://127.0.0.1:9/api/v1"
    cli("tenant", "import", written(tmp_path, demo_yaml("mokkenhuis", shop.shop.url, books_url)))
    done = cli("connection", "check", "mokkenhuis", "--json")
    assert done.code == Exit.CONNECTION
    wrong = [row for row in done.json if not row["ok"]]
    assert {row["connection"] for row in wrong} == {name}
    assert all(row["detail"] for row in wrong)
    assert not [secret for secret in (*SECRET_VALUES, "not-the-token-1234") if secret in done.out + done.err]


@pytest.mark.parametrize("schedule", ["0 6 * *", "0 25 * * *", "every morning", "0 6 * * * *"])
def test_a_schedule_that_is_none_is_refused_by_name(cli: Cli, tmp_path: Path, schedule: str) -> None:
    cli("init")
    done = cli("tenant", "import", written(tmp_path, broken_yaml(_set("routes.0.schedule", schedule))))
    assert done.code == Exit.SETTINGS
    assert "verkoop" in done.err
    assert repr(schedule) in done.err
    assert cli("tenant", "list", "--json").json == []


def test_of_several_files_each_is_taken_whole_or_not_and_that_is_told(cli: Cli, tmp_path: Path) -> None:
    cli("init")
    files = []
    for slug, secret in (("eerste", "DEMO_BOOKS_KEY_1"), ("tweede", "NOT_SET"), ("derde", "DEMO_BOOKS_KEY_1")):
        tenant = yaml.safe_load(plain_yaml()) | {"slug": slug}
        tenant["connections"][1]["credentials"]["api_key"] = f"env:{secret}"
        files.append(tmp_path / f"{slug}.yaml")
        files[-1].write_text(yaml.safe_dump(tenant))
    done = cli("tenant", "import", *map(str, files))
    assert done.code == Exit.SETTINGS
    told = "".join(done.err.split())  # lines are broken anywhere
    assert "NOT_SET" in told
    assert told.index("nottaken") > told.index("eerste.yaml")
    assert [row["tenant"] for row in cli("tenant", "list", "--json").json] == ["eerste"]


# -- the daily run


def test_a_dry_run_writes_nothing_anywhere(cli: Cli, shop: World, tmp_path: Path) -> None:
    database = tmp_path / "home" / "boekbrug.db"
    shop.order()
    before = _dump(database)
    done = cli("sync", "mokkenhuis", "--dry-run", "--json")
    assert done.code in (0, Exit.ATTENTION)
    verdicts = {row["document"]: row["would"] for row in done.json}
    assert set(verdicts.values()) >= {"book"}
    assert not shop.writes()
    assert _dump(database) == before
    table = cli("sync", "mokkenhuis", "--dry-run")
    assert "what a run would do now" in table.out
    assert not shop.writes()
    cli("sync", "mokkenhuis")
    booked = {str(number) for number in shop.invoices()}
    assert booked == {number for number, would in verdicts.items() if would == "book"}, "it did what it said"
    after = {row["document"]: row["would"] for row in cli("sync", "mokkenhuis", "--dry-run", "--json").json}
    assert {after[number] for number in booked & after.keys()} == {"done"}


def test_a_dry_run_shows_what_waited_longer_than_is_read_again(cli: Cli, shop: World) -> None:
    """Read by a run that could write nothing; then nothing changed in the shop since."""
    first = {row["document"]: row["would"] for row in cli("sync", "mokkenhuis", "--dry-run", "--json").json}
    shop.books.control.add_fault("status", status=503, method="POST")
    assert "0 posted" in cli("sync", "mokkenhuis").out
    shop.books.control.clear_faults()
    assert not shop.invoices()
    again = {row["document"]: row["would"] for row in cli("sync", "mokkenhuis", "--dry-run", "--json").json}
    ready = {number for number, would in first.items() if would == "book"}
    assert len(ready) > 1
    # What may have been written is asked for first.
    assert {number for number, would in again.items() if would in ("book", "look up")} == ready


def _dump(database: Path) -> list[str]:
    import sqlite3

    with sqlite3.connect(database) as connection:
        dump = list(connection.iterdump())
    return [line for line in dump if "sqlite_sequence" not in line]


def test_a_day_by_the_command_line(cli: Cli, shop: World) -> None:
    number = shop.order("unknown_payment")
    first = cli("sync", "mokkenhuis", "--json")
    assert first.code == Exit.ATTENTION
    counts = first.json
    assert counts["posted"] == len(shop.invoices()) > 8
    assert counts["needs_attention"] >= 1

    (status,) = cli("status", "--json").json
    assert status["last_outcome"] == "completed"
    assert status["needs_attention"] == counts["needs_attention"]
    table = cli("status")
    assert max(len(line) for line in table.out.splitlines()) <= 80
    assert re.search(rf"mokkenhuis/verkoop +{counts['posted']} +0 +{counts['needs_attention']} ", table.out), table.out

    errors = cli("errors", "mokkenhuis", "--json")
    assert errors.code == Exit.ATTENTION
    (error,) = [error for error in errors.json if error["document"] == str(number)]
    assert error["findings"][0]["code"] == "PAYMENT_RULE_MISSING"
    assert error["findings"][0]["suggestion"]
    assert str(number) in cli("errors", "mokkenhuis").out

    assert cli("skip", "mokkenhuis", str(number), "--reason", "met de hand geboekt").code == 0
    assert all(error["document"] != str(number) for error in cli("errors", "mokkenhuis", "--json").json)
    again = cli("sync", "mokkenhuis", "--json").json
    assert (again["posted"], again["new"]) == (0, 0)
    assert cli("retry", "mokkenhuis", str(number)).code == 0
    cli("sync", "mokkenhuis")
    assert any(error["document"] == str(number) for error in cli("errors", "mokkenhuis", "--json").json)


def test_what_a_person_asks_for_goes_first(cli: Cli, shop: World, tmp_path: Path) -> None:
    last = max(shop.shop_orders())
    slow = demo_yaml("mokkenhuis", shop.shop.url, shop.books.url, books={"documents_per_period": 1})
    cli("tenant", "import", written(tmp_path, slow))
    cli("sync", "mokkenhuis")
    first = set(shop.invoices())
    assert len(first) == 1 and last not in first
    assert cli("retry", "mokkenhuis", str(last)).code == 0
    fast = demo_yaml("mokkenhuis", shop.shop.url, shop.books.url, books={"documents_per_period": 2, "concurrency": 1})
    cli("tenant", "import", written(tmp_path, fast))
    done = cli("sync", "mokkenhuis", "--json")
    assert set(shop.invoices()) - first == {last}
    assert done.json["goes_on_at"]


def test_retry_and_skip_refuse_what_makes_no_sense(cli: Cli, shop: World) -> None:
    assert cli("retry", "mokkenhuis").code == Exit.SETTINGS
    assert cli("retry", "mokkenhuis", "1", "--all").code == Exit.SETTINGS
    unknown = cli("retry", "mokkenhuis", "99999")
    assert (unknown.code, "99999" in unknown.err) == (Exit.SETTINGS, True)
    assert cli("skip", "mokkenhuis", "99999", "--reason", "x").code == Exit.SETTINGS
    assert cli("skip", "mokkenhuis", "99999").code == Exit.USAGE


def test_errors_is_silent_when_there_are_none(cli: Cli, tmp_path: Path) -> None:
    cli("init")
    cli("tenant", "import", written(tmp_path, plain_yaml()))
    done = cli("errors", "mokkenhuis")
    assert (done.code, "nothing needs attention" in done.out) == (0, True)
    assert cli("errors", "mokkenhuis", "--json").json == []


@pytest.mark.parametrize(
    ("fault", "code"),
    [({"kind": "status", "status": 401}, Exit.CONNECTION), ({"kind": "cut"}, Exit.LATER),
     ({"kind": "status", "status": 429, "headers": {"Retry-After": "3600"}}, Exit.LATER)],
)  # fmt: skip
def test_exit_codes_of_a_run_that_could_not(cli: Cli, shop: World, fault: dict[str, Any], code: Exit) -> None:
    shop.shop.control.add_fault(path="/v1/", **fault)
    done = cli("sync", "mokkenhuis")
    assert done.code == code
    assert "Traceback" not in done.err
    assert len((done.err + done.out).split()) > 3


def test_deploy_needs_a_server(cli: Cli) -> None:
    cli("init")
    done = cli("deploy")
    assert (done.code, "PREFECT_API_URL" in done.err) == (Exit.SETTINGS, True)


# -- secrets, and the program as it is started


def test_no_secret_in_any_output_or_log(cli: Cli, shop: World, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    printed = ""
    shop.books.control.add_fault("status", method="POST", path="/invoices$", status=400, body="key: demo1-key")
    for command in (
        ("sync", "mokkenhuis"),
        ("errors", "mokkenhuis"),
        ("status",),
        ("connection", "check", "mokkenhuis"),
    ):
        done = cli(*command)
        printed += done.out + done.err
    shop.books.control.clear_faults()
    shop.books.control.set_options(suspended=["demo1"])
    shop.shop.control.add_fault("status", path="/v1/orders", status=400, body="token=demo1&partner_token=partner-demo")
    for command in (("sync", "mokkenhuis"), ("connection", "check", "mokkenhuis", "--json")):
        done = cli(*command)
        printed += done.out + done.err
    assert "mokkenhuis" in printed
    for secret in SECRET_VALUES:
        assert secret not in printed
        assert secret not in caplog.text


def test_no_secret_in_the_traceback_of_a_mistake_of_ours(shop: World, tmp_path: Path) -> None:
    """The program as it is started, at its most talkative, with a mistake planted where credentials are at hand."""
    planted = (
        "import sys, tasks.fetching as f\n"
        "def mistake(work, progress=None):\n"
        "    secret = work.source._session\n"
        "    list(work.source.read_changed_orders(work.now()))\n"
        "    raise RuntimeError(f'planted near {secret}')\n"
        "f.fetch_changed = mistake\n"
        "from boekbrug.cli import main\n"
        "sys.argv = ['boekbrug', 'sync', 'mokkenhuis']\n"
        "main()\n"
    )
    environment = os.environ | {"BOEKBRUG_LOG_LEVEL": "DEBUG", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", planted], env=environment, capture_output=True, text=True, timeout=120, cwd=tmp_path
    )
    assert done.returncode == Exit.BUG
    assert "planted near" in done.stderr
    assert not [secret for secret in (*SECRET_VALUES, "token=demo1") if secret in done.stdout + done.stderr]


def test_a_look_at_the_status_pays_for_neither_prefect_nor_pandas() -> None:
    program = (
        "import sys, boekbrug.cli; print([m for m in ('prefect', 'pandas', 'zeep', 'fastapi') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stderr
