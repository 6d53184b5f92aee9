"""Who may import what among the connectors."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.registry import CONNECTORS

PACKAGE = Path(__file__).parents[2] / "connectors"
MODULES = sorted(PACKAGE.glob("*.py"))
SHARED = {"_answers", "_base", "_capabilities", "_http", "_lines", "_login", "_pages", "_wire", "_countries", "_soap"}


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def system_of(module: str) -> str:
    """The system a module is about: its first word."""
    return module.strip("_").split("_")[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_only_one_module_speaks_http(path: Path) -> None:
    known = ("httpx", "http", "requests", "urllib3", "socket", "ssl")
    network = {name for name in imported(path) if name.split(".")[0] in known}
    assert not network or path.stem in ("_http", "_lines"), network
    assert path.stem == "_http" or "connectors._lines" not in imported(path)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_only_one_module_speaks_soap(path: Path) -> None:
    assert not {name for name in imported(path) if name.split(".")[0] == "zeep"} or path.stem == "_soap"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_connectors_do_not_know_each_other(path: Path) -> None:
    if path.stem in ("registry", "__init__"):
        return
    own = system_of(path.stem)
    others = {name.split(".")[1] for name in imported(path) if name.startswith("connectors.")}
    assert {name for name in others if name not in SHARED and system_of(name) != own} == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_module_grows_beyond_a_page_or_ten(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 420


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_nothing_becomes_a_float(path: Path) -> None:
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    names = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
    assert "float" not in names or path.stem == "_answers", "seconds to wait are, amounts never"


def test_the_registry_names_each_connector_as_its_module() -> None:
    for name in CONNECTORS:
        module = name.replace("-", "_")
        assert (PACKAGE / f"{module}.py").exists()
        importlib.import_module(f"connectors.{module}")
        assert f"connectors.{module}" in sys.modules
