"""`python -m dashboard.catalogues`: brings the message catalogues up to date with code and templates.

What is new in the Dutch one is left empty for a person. With `--check` nothing is written: it tells what is missing.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po
from pydantic import BaseModel

from boekbrug.domain.tenants import RoutePolicy, RuleMatch, RuleResult
from connectors.registry import CONNECTORS
from dashboard.i18n import DOMAIN, LANGUAGES, LOCALES

PACKAGE = Path(__file__).parent
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}


def template() -> Catalog:
    """Every message that code and templates contain, where it stands."""
    with (PACKAGE / "babel.cfg").open() as file:
        method_map, options_map = parse_mapping_cfg(file)  # type: ignore[no-untyped-call, unused-ignore]
    found = Catalog(project="Boekbrug", charset="utf-8")
    for name, line, message, comments, context in extract_from_dir(PACKAGE, method_map, options_map, KEYWORDS):
        found.add(message, locations=[(f"dashboard/{name}", line)], auto_comments=comments, context=context)
    for text in sorted(described()):
        found.add(text)
    return found


def described() -> set[str]:
    """What settings, credentials, policies and rules say of themselves: forms show it, so it is translated, too."""
    models: list[type[BaseModel]] = [RoutePolicy, RuleMatch, RuleResult]
    notes: set[str] = set()
    for kind in CONNECTORS.values():
        models += [kind.settings, kind.credentials]
        notes.update(kind.notes)
    return notes | {field.description for model in models for field in model.model_fields.values() if field.description}


def updated(language: str) -> str:
    """The catalogue of the language as it should be, as text."""
    path = LOCALES / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    kept = Catalog(locale=language, project="Boekbrug")
    if path.exists():
        with path.open("rb") as file:
            kept = read_po(file, locale=language)
    kept.update(template(), no_fuzzy_matching=True)
    kept.obsolete.clear()
    for message in kept:
        if language == "en" and message.id:  # the messages are English already
            message.string = message.id
    text = io.BytesIO()
    write_po(text, kept, sort_by_file=False, no_location=True, omit_header=False, ignore_obsolete=True, width=0)
    lines = text.getvalue().decode().splitlines()
    # Dates would make every update a change.
    return "\n".join(line for line in lines if not line.startswith(('"POT-Creation', '"PO-Revision', "# "))) + "\n"


def _is_said(message: Message) -> bool:
    return all(message.string) if isinstance(message.string, tuple) else bool(message.string)


def main() -> int:
    """Writes the catalogues, or checks them."""
    wrong = 0
    for language in LANGUAGES:
        path = LOCALES / language / "LC_MESSAGES" / f"{DOMAIN}.po"
        text = updated(language)
        missing = [m.id for m in read_po(io.BytesIO(text.encode()), locale=language) if m.id and not _is_said(m)]
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            sys.stderr.write(f"{path.name} of {language} is not up to date; run `make messages`\n")
            wrong += 1
        for message in missing:
            sys.stderr.write(f"{language}: not translated: {message!r}\n")
        wrong += len(missing)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
