"""What runs in the child process: a daily run as `boekbrug sync` does it, or a migration from its plan on. It can be
killed at any of its points.

A point is a moment just before or just after a commit or a remote call. They are counted through hooks that exist in
the child only. Killing is SIGKILL to itself: nothing is cleaned up, no `finally` runs.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import signal
import sqlite3
import ssl
import struct
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum
from pathlib import Path
from typing import Any

import httpx
from babel import Locale
from sqlalchemy import Engine, event
from sqlalchemy.orm import configure_mappers
from sqlmodel import Session as StoreSession

import boekbrug.store.database as store_database
import connectors._http as http
import tasks.route_work
import tasks.settling
from boekbrug.domain.errors import BoekbrugError
from boekbrug.domain.migrations import LIVE, MigrationState
from boekbrug.domain.windows import DailyWindow
from boekbrug.settings import Settings
from boekbrug.store import debtors, order_migrations
from boekbrug.store.credentials import load_key
from boekbrug.store.database import Database
from connectors._wire import Fields
from connectors.factuursturen import Factuursturen
from tasks.fetching import fetch_changed
from tasks.migrating import PlainSteps, bring_over, take_note
from tasks.planning import plan_migration
from tasks.pushing import push_due, push_with_rate_limit
from tasks.reporting import recorded_run
from tasks.route_work import DAILY_LANES, MIGRATION_LANES, RouteWork, open_route, pausing
from tasks.runtime import Runtime, using
from tasks.standing import start
from tasks.transforming import transform_waiting
from tasks.verifying import verify_posted

# Done once, before the forks: what every run would do at its beginning. The simulators speak plain HTTP.
_TLS = ssl.create_default_context()
configure_mappers()
LANGUAGES = [Locale.parse(language).territories["NL"] for language in ("en", "nl")]


class End(IntEnum):
    """Exit codes of a child that was not killed."""

    DONE = 0
    BUG = 1  # an error that nobody expects
    STOPPED = 3  # an error that says what happens next


class Shared:
    """Numbers that all processes of a world see: how far time was moved, how wrong our own clock is, and how many
    points were passed."""

    def __init__(self, path: Path) -> None:
        with path.open("a+b") as file:
            if path.stat().st_size < 24:
                file.truncate(24)
            self._memory = mmap.mmap(file.fileno(), 24)
            self._lock = os.dup(file.fileno())

    @property
    def moved(self) -> float:
        """Seconds by which the world's clock is ahead of the machine's."""
        return float(struct.unpack_from("d", self._memory, 0)[0])

    def move(self, seconds: float) -> None:
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            struct.pack_into("d", self._memory, 0, self.moved + seconds)
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    @property
    def skew(self) -> float:
        """Seconds by which our own clock is ahead of the remote systems'."""
        return float(struct.unpack_from("d", self._memory, 16)[0])

    @skew.setter
    def skew(self, seconds: float) -> None:
        struct.pack_into("d", self._memory, 16, seconds)

    @property
    def points(self) -> int:
        """How many points the last child passed."""
        return int(struct.unpack_from("q", self._memory, 8)[0])

    @points.setter
    def points(self, count: int) -> None:
        struct.pack_into("q", self._memory, 8, count)


class MovedClock:
    """The world's clock; waiting is real."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._shared.moved + self._shared.skew)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run: the daily one, or with `history` that of a migration of these days. `kill_at`: the point at which it
    sends itself the signal (0: never); `only` counts points of that kind alone; `pausing`: a connection that is broken
    is paused, as in the Prefect flow."""

    settings: dict[str, Any]
    shared: Path
    tenant: str
    log: Path
    history: tuple[date, date] | None = None
    kill_at: int = 0
    only: str = ""
    signal: int = signal.SIGKILL
    pausing: bool = False
    sabotage: Sequence[str] = ()


def perform(job: Job) -> None:
    """The child's whole life."""
    global _database_file  # noqa: PLW0603
    _database_file = job.settings["database_url"].removeprefix("sqlite:///")
    for sabotage in job.sabotage:
        SABOTAGE[sabotage]()
    try:
        run(job)
    except BoekbrugError as problem:
        _write(job.log, f"{job.tenant}: {type(problem).__name__}: {problem}\n")
        sys.exit(End.STOPPED)
    except BaseException:
        _write(job.log, f"{job.tenant}: {traceback.format_exc()}\n")
        sys.exit(End.BUG)


def run(job: Job) -> None:
    """The job, under the world's clock, counting points."""
    shared = Shared(job.shared)
    clock = MovedClock(shared)
    http.SystemClock = lambda: clock  # type: ignore[misc,assignment]
    http.READ_PAUSE = 0.02
    ssl.create_default_context = lambda *_, **__: _TLS  # type: ignore[assignment]
    settings = Settings(**job.settings)
    database = Database(settings.database)
    lanes = MIGRATION_LANES if job.history else DAILY_LANES
    try:
        installed = Runtime(settings, database, clock, load_key(settings))
        with using(installed), _points(shared, job), open_route(job.tenant, lanes=lanes) as work:
            if job.history:
                migrate(work, *job.history)
            else:
                sync(work, pause=job.pausing)
    finally:
        database.close()


def sync(work: RouteWork, *, pause: bool) -> None:
    """The steps of `boekbrug sync`."""
    with recorded_run(work) as report, ExitStack() as steps:
        steps.enter_context(pausing(work, work.route.target) if pause else nullcontext())
        report.fetched = fetch_changed(work)
        report.transformed = transform_waiting(work)
        report.pushed = push_with_rate_limit(work, settle=tasks.settling.settle_and_adopt, push=push_due)
        report.verified = verify_posted(work)


def migrate(work: RouteWork, first_on: date, last_on: date) -> None:
    """`boekbrug migrate` as far as it is not done: plan, start and run. What ended as completed is left as it is."""
    with work.runtime.database.read() as session:
        found = order_migrations.list_migrations(session, work.tenant.id, work.route.id)
    chosen = next((one for one in found if one.state in {*LIVE, MigrationState.PLANNED}), None)
    if chosen is None:
        if any(one.state is MigrationState.COMPLETED for one in found):
            return
        chosen, _ = plan_migration(work, first_on, last_on, window=DailyWindow(), per_window=None, who="test")
    if chosen.state is MigrationState.PLANNED:
        start(work.runtime, work.tenant.id, chosen.id, accepts_earlier_periods=True, who="test")
    with recorded_run(work) as report:
        bring_over(work, chosen.id, PlainSteps(), report)
    take_note(work, chosen.id)


@contextmanager
def _points(shared: Shared, job: Job) -> Iterator[None]:
    """Counts every commit and remote call, before and after, and ends the process at the chosen one."""
    shared.points = 0
    lock = threading.Lock()
    passed = 0

    def point(kind: str) -> None:
        nonlocal passed
        if kind != (job.only or kind):
            return
        with lock:
            passed += 1
            shared.points = passed
            if passed == job.kill_at:
                # To this very thread: one sent to the process takes effect when any of its threads gets to run, and
                # this one would meanwhile go on past the point.
                signal.pthread_kill(threading.get_ident(), job.signal)

    real_send = http.Session._send

    def send(session: http.Session, request: httpx.Request) -> Any:
        write = "write" if request.method == "POST" else "read"
        if write == "write" and request.extensions["target"].endswith(b"/invoices"):
            write = "post"
        point(f"before {write}")
        answer = real_send(session, request)
        point(f"after {write}")
        return answer

    real_find = Factuursturen.find_contacts

    def find_contacts(target: Factuursturen, contact: Any) -> Any:
        point("before debtor")
        return real_find(target, contact)

    real_post = Factuursturen.post_document

    def post(target: Factuursturen, booking: Any) -> Any:
        point("before sending")
        return real_post(target, booking)

    real_transaction = Database._transaction

    @contextmanager
    def transaction(database: Database) -> Iterator[StoreSession]:
        with real_transaction(database) as session:
            yield session
            point("before commit")
        point("after commit")

    http.Session._send = send  # type: ignore[method-assign]
    Factuursturen.find_contacts = find_contacts  # type: ignore[method-assign]
    Factuursturen.post_document = post  # type: ignore[method-assign]
    Database._transaction = transaction  # type: ignore[method-assign]
    try:
        yield
    finally:
        http.Session._send = real_send  # type: ignore[method-assign]
        Factuursturen.find_contacts = real_find  # type: ignore[method-assign]
        Factuursturen.post_document = real_post  # type: ignore[method-assign]
        Database._transaction = real_transaction  # type: ignore[method-assign]


def _write(log: Path, text: str) -> None:
    with log.open("a") as file:
        file.write(text)


# -- Sabotage, in the child only: safeguards taken away, which the harness must notice, and trouble with the database.


def _no_look_up() -> None:
    """Writes are tried again without asking the books first."""
    Factuursturen.find_documents = lambda self, our_reference, *, since, number="": []  # type: ignore[method-assign]
    Factuursturen.read_documents_booked = lambda self, since: iter(())  # type: ignore[method-assign]


def _no_read_back() -> None:
    """The number in the answer to a creation is believed."""

    def believed(self: Factuursturen, number: str, contact: object, sent: dict[str, object]) -> Fields:
        client = self._client(number)
        assert client is not None
        return client

    Factuursturen._client_as_sent = believed  # type: ignore[method-assign,assignment]


def _no_fence() -> None:
    """A write is sent however long ago its claim was looked at."""
    tasks.route_work.writing_before = lambda moment: nullcontext()  # type: ignore[assignment]


def _customers_claimed_apart() -> None:
    """The claim on a customer is not the remote account's but the run's."""
    for name in ("claim_debtor", "remember_debtor", "forget_debtor"):
        real = getattr(debtors, name)

        def apart(session: StoreSession, account: str, *given: Any, _real: Any = real, **named: Any) -> Any:
            return _real(session, f"{account}:{os.getpid()}", *given, **named)

        setattr(debtors, name, apart)


def _impatient_with_the_database() -> None:
    """Not a sabotage: a busy database is given up soon, so that a test need not wait half a minute."""
    store_database.BUSY_SECONDS = 1  # type: ignore[assignment]


def _locked_after_first_post() -> None:
    """Another process holds the database's write lock from the first invoice on, longer than anybody waits for it."""
    _impatient_with_the_database()
    real_post = Factuursturen.post_document

    def post(self: Factuursturen, booking: Any) -> Any:
        posted = real_post(self, booking)
        other = sqlite3.connect(_database_file, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        _HELD.append(other)
        return posted

    Factuursturen.post_document = post  # type: ignore[method-assign]


def _full_disk() -> None:
    """The database can grow by a few pages only."""
    with sqlite3.connect(_database_file) as database:
        pages = database.execute("PRAGMA page_count").fetchone()[0]

    def limit(connection: Any, _: Any) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages + 3}")

    event.listen(Engine, "connect", limit)


_database_file = ""
_HELD: list[sqlite3.Connection] = []
SABOTAGE: dict[str, Callable[[], None]] = {
    "no_look_up": _no_look_up,
    "no_read_back": _no_read_back,
    "no_fence": _no_fence,
    "customers_claimed_apart": _customers_claimed_apart,
    "impatient_with_the_database": _impatient_with_the_database,
    "locked_after_first_post": _locked_after_first_post,
    "full_disk": _full_disk,
}
