"""The processes that a Boekbrug on one machine consists of, with simulators in the place of the remote systems."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any

# The first start of a Prefect server makes its database, which takes half a minute.
SERVER_PATIENCE = 180.0
BIN = Path(sys.executable).parent


class Broken(Exception):
    """Something of the stack did not start or stopped; the message names its log."""


def free_port() -> int:
    """A port that is free at this moment on the loopback address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def get_json(url: str, *, data: object = None) -> Any:
    """The JSON that an address answers with; `data` is posted when given."""
    request = urllib.request.Request(  # noqa: S310 - addresses of our own processes on loopback
        url,
        data=None if data is None else json.dumps(data).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.loads(answer.read() or b"null")


class Stack:
    """Starts the processes, keeps their logs in `home/logs`, and ends them in the opposite order."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._logs = home / "logs"
        self._closing = ExitStack()
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self.api_url = ""
        self.dashboard_url = ""
        self.environment = os.environ | {
            "BOEKBRUG_HOME": str(home),
            "PREFECT_HOME": str(home / "prefect"),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "false",  # the server does not ask for tokens
            "DO_NOT_TRACK": "1",
            "PYTHONUNBUFFERED": "1",
        }
        for elsewhere in ("BOEKBRUG_DATABASE_URL", "BOEKBRUG_SECRET_KEY", "PREFECT_API_URL"):
            self.environment.pop(elsewhere, None)

    def __enter__(self) -> Stack:
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def start(self, name: str, *command: str, output: int | IO[str] | None = None) -> subprocess.Popen[str]:
        """Starts a process of our own; its log is `logs/NAME.log`."""
        log = self._closing.enter_context((self._logs / f"{name}.log").open("w"))
        process = subprocess.Popen(
            [str(BIN / command[0]), *command[1:]],
            env=self.environment,
            stdout=log if output is None else output,
            stderr=log,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self._processes[name] = process
        self._closing.callback(self.end, process)
        return process

    def end(self, process: subprocess.Popen[str]) -> None:
        """Ends a process that was started here."""
        self._processes = {name: other for name, other in self._processes.items() if other is not process}
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if process.stdout:
            process.stdout.close()

    def start_server(self) -> subprocess.Popen[str]:
        """Starts a Prefect server on a free port, on SQLite unless the environment names another database;
        `wait_for_server` waits until it answers."""
        port = free_port()
        self.api_url = f"http://127.0.0.1:{port}/api"
        self.environment["PREFECT_SERVER_UI_API_URL"] = self.api_url  # where the browser's page looks for it
        command = ("prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port))
        server = self.start("prefect-server", *command)
        self.environment["PREFECT_API_URL"] = self.api_url
        return server

    def wait_for_server(self) -> None:
        """Waits until the Prefect server answers. Raises Broken when it does not."""
        deadline = time.monotonic() + SERVER_PATIENCE
        while time.monotonic() < deadline:
            self.check()
            try:
                get_json(f"{self.api_url}/health")
                return
            except (urllib.error.URLError, OSError):
                time.sleep(0.3)
        raise Broken(f"the Prefect server did not answer within {SERVER_PATIENCE:.0f} s; see {self._logs}")

    def start_worker(self, pool: str = "boekbrug") -> None:
        """Starts a worker that runs what is due."""
        self.start("worker", "boekbrug", "worker", "--pool", pool, "--name", "demo")

    def start_dashboard(self) -> str:
        """Starts the dashboard on a free port and returns its address."""
        port = free_port()
        self.environment["BOEKBRUG_DASHBOARD_PORT"] = str(port)
        process = self.start("dashboard", "boekbrug", "dashboard", output=subprocess.PIPE)
        assert process.stdout
        for line in process.stdout:
            if line.startswith("Dashboard: "):
                self.dashboard_url = line.removeprefix("Dashboard: ").strip()
                return self.dashboard_url
        raise Broken(f"the dashboard did not start; see {self._logs / 'dashboard.log'}")

    def start_sandbox(self, *arguments: str) -> dict[str, str]:
        """Starts simulators and returns their base addresses by system."""
        process = self.start("sandbox", "python", "-m", "sandbox", *arguments, output=subprocess.PIPE)
        addresses: dict[str, str] = {}
        assert process.stdout
        for line in process.stdout:
            words = line.split()
            if words == ["ready"]:
                return addresses
            if len(words) == 2:
                addresses[words[0]] = words[1]
        raise Broken(f"the simulators did not start; see {self._logs / 'sandbox.log'}")

    def check(self) -> None:
        """Raises Broken when a process that should run has ended."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                raise Broken(f"{name} ended with exit code {process.returncode}; see {self._logs / name}.log")

    def boekbrug(self, *arguments: str, accept: Sequence[int] = (0,), said: str = "") -> str:
        """Runs the `boekbrug` command, with `said` on its standard input, and returns what it printed. Raises Broken
        for an exit code not accepted."""
        done = subprocess.run(
            [str(BIN / "boekbrug"), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            input=said,
        )
        if done.returncode not in accept:
            raise Broken(
                f"boekbrug {' '.join(arguments)} ended with exit code {done.returncode}:\n{done.stdout}{done.stderr}"
            )
        return done.stdout
