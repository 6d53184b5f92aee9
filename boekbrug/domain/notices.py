"""What users are notified of, and in which words. Counts and document numbers only: mail is read by many machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class NoticeKind(StrEnum):
    """What a notification is about."""

    BROKEN = "connection_broken"
    ERRORS = "errors"
    MISMATCH = "mismatch"
    MIGRATION = "migration_finished"


AT_ONCE = frozenset({NoticeKind.BROKEN})
"""The others are gathered: one a day of each kind."""


class Channel(StrEnum):
    """How a notification reaches its reader."""

    MAIL = "mail"
    OTHER = "other"  # a messenger that the user chose


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """What happened in one administration: `count` things, a few of them by `names` (document numbers, a connection, a
    migration's days), `total` when more of the kind stood open before."""

    tenant: str
    address: str
    count: int
    names: tuple[str, ...]
    total: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """A notification, ready to be sent."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class _Said:
    """Of one kind: the subject for one administration and for several, and what is said of each."""

    one: str
    several: str
    line: str


_WORDS: dict[str, dict[NoticeKind, _Said]] = {
    "nl": {
        NoticeKind.BROKEN: _Said(
            "Koppeling staat stil: {tenant}",
            "Koppelingen staan stil bij {tenants} administraties",
            "{tenant}: de koppeling {names} werkt niet meer. Er gaat niets over tot ze is hersteld.",
        ),
        NoticeKind.ERRORS: _Said(
            "{count} documenten vragen aandacht: {tenant}",
            "Documenten vragen aandacht bij {tenants} administraties",
            "{tenant}: nieuw {count} ({names}); in totaal {total} documenten wachten op u.",
        ),
        NoticeKind.MISMATCH: _Said(
            "{count} documenten wijken af: {tenant}",
            "Documenten wijken af bij {tenants} administraties",
            "{tenant}: nieuw {count} ({names}); in totaal wijken {total} geboekte documenten af.",
        ),
        NoticeKind.MIGRATION: _Said(
            "Migratie klaar: {tenant}",
            "Migraties klaar bij {tenants} administraties",
            "{tenant}: de migratie is geëindigd ({names}). De verantwoording staat in het dashboard.",
        ),
    },
    "en": {
        NoticeKind.BROKEN: _Said(
            "Connection paused: {tenant}",
            "Connections paused in {tenants} administrations",
            "{tenant}: connection {names} no longer works. Nothing goes over until it is mended.",
        ),
        NoticeKind.ERRORS: _Said(
            "{count} documents need attention: {tenant}",
            "Documents need attention in {tenants} administrations",
            "{tenant}: {count} new ({names}); {total} documents wait for you in all.",
        ),
        NoticeKind.MISMATCH: _Said(
            "{count} documents differ: {tenant}",
            "Documents differ in {tenants} administrations",
            "{tenant}: {count} new ({names}); {total} booked documents differ in all.",
        ),
        NoticeKind.MIGRATION: _Said(
            "Migration finished: {tenant}",
            "Migrations finished in {tenants} administrations",
            "{tenant}: the migration has ended ({names}). Its statement is in the dashboard.",
        ),
    },
}
_FOOT = {
    "nl": "Welke berichten u krijgt, kiest u op {address}",
    "en": "Choose which messages you get at {address}",
}


def message(kind: NoticeKind, happenings: Sequence[Happening], language: str, choices_address: str) -> Message:
    """One message about these administrations, of which there is at least one."""
    said = _WORDS[language][kind]
    if len(happenings) == 1:
        subject = said.one.format(tenant=happenings[0].tenant, count=happenings[0].count)
    else:
        subject = said.several.format(tenants=len(happenings))
    parts = []
    for one in happenings:
        names = ", ".join(one.names) + (" …" if one.count > len(one.names) else "")
        line = said.line.format(tenant=one.tenant, count=one.count, names=names, total=max(one.total, one.count))
        parts.append(f"{line}\n{one.address}")
    foot = _FOOT[language].format(address=choices_address)
    # What a tenant or document is called must not begin a header of its own.
    return Message(" ".join(subject.split()), "\n\n".join([*parts, f"-- \n{foot}"]) + "\n")
