"""Writes the pages that are made from the code: `make docs`; `make check` fails when one is not up to date."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel

from boekbrug.domain import errors
from boekbrug.domain.findings import CATALOGUE
from boekbrug.domain.tenants import RoutePolicy, TenantConfig
from boekbrug.settings import Settings
from connectors.registry import CONNECTORS

DOCS = Path(__file__).parent
MADE = "<!-- Made from the code by `make docs`; do not edit. -->\n\n"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    def line(cells: Iterable[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |\n"

    names = list(head)
    return line(names) + line("---" for _ in names) + "".join(line(row) for row in rows)


def _fields(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    for name, field in model.model_fields.items():
        default = "required" if field.is_required() else json.dumps(field.get_default(), default=str)
        yield f"`{prefix}{name.upper() if prefix else name}`", f"`{default}`", field.description or ""


def findings_page() -> str:
    """The catalogue of findings."""
    rows = (
        (f"`{kind.code}`", kind.level.value, f"{kind.nl.sentence} _{kind.nl.suggestion}_", kind.en.sentence)
        for kind in CATALOGUE.values()
    )
    english = ((f"`{kind.code}`", kind.en.suggestion) for kind in CATALOGUE.values())
    intro = (
        "What checks, mapping and verification can report. `error`: the document waits for a person. "
        "`mismatch`: it went over and the books differ. `warning`, `notice`: it went over.\n\n"
    )
    catalogue = _table(("code", "level", "Nederlands", "English"), rows)
    return f"{MADE}# Findings\n\n{intro}{catalogue}\n## What to do\n\n{_table(('code', 'suggestion'), english)}"


def settings_page() -> str:
    """Settings of an installation and of a route."""
    return (
        f"{MADE}# Settings\n\n## Of an installation (environment)\n\n"
        + _table(("variable", "default", "meaning"), _fields(Settings, "BOEKBRUG_"))
        + "\n## Of a route (`policy` in the tenant's file)\n\n"
        + _table(("setting", "default", "meaning"), _fields(RoutePolicy))
        + "\nThe whole file is described by [tenant.schema.json](tenant.schema.json).\n"
    )


def connectors_page() -> str:
    """The connectors with their settings and credentials."""
    page = f"{MADE}# Connectors\n\n"
    page += _table(
        ("name", "system", "can be"),
        (
            (f"[`{name}`]({name}.md)", kind.title, ", ".join(sorted(kind.capabilities)))
            for name, kind in CONNECTORS.items()
        ),
    )
    for name, kind in CONNECTORS.items():
        page += f"\n## {name}\n\nCredentials: "
        page += ", ".join(f"`{field}`" for field in kind.credentials.model_fields) + ".\n\n"
        page += _table(("setting", "default", "meaning"), _fields(kind.settings))
    return page


def errors_page() -> str:
    """The tree of errors."""
    classes = [
        cls
        for _, cls in inspect.getmembers(errors, inspect.isclass)
        if issubclass(cls, errors.BoekbrugError) and cls is not errors.BoekbrugError
    ]
    families = {
        errors.RetryLater: "Prefect retries, or the run goes on later",
        errors.OutcomeUnknown: "looked up by our reference, then adopted or tried again",
        errors.NeedsAttention: "the record gets a finding, the run goes on",
        errors.StoreUnavailable: "the run ends; what was being written is looked up by the next one",
        errors.ConnectionBroken: "the connection is paused, the tenant is told, other tenants go on",
    }
    rows = []
    for family, happens in families.items():
        for cls in sorted((c for c in classes if issubclass(c, family)), key=lambda c: (c is not family, c.__name__)):
            rows.append((f"`{cls.__name__}`", (inspect.getdoc(cls) or "").split("\n")[0], happens))
    return f"{MADE}# Errors\n\n" + _table(("error", "means", "what happens next"), rows)


def schema() -> str:
    """The JSON Schema of a tenant's file."""
    described = TenantConfig.model_json_schema()
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **described}, indent=2) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "findings.md": findings_page,
    "settings.md": settings_page,
    "errors.md": errors_page,
    "connectors/README.md": connectors_page,
    "tenant.schema.json": schema,
}


def main() -> int:
    """Writes the pages, or with `--check` tells which are not up to date."""
    stale = []
    for name, make in PAGES.items():
        path = DOCS / name
        text = make()
        if "--check" in sys.argv:
            if not path.exists() or path.read_text() != text:
                stale.append(name)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    if stale:
        sys.stderr.write(f"not up to date: {', '.join(stale)}; run `make docs`\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
