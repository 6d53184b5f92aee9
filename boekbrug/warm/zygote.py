"""The warm process: it has imported what a program needs, and every request makes it fork a child that becomes one.

    python -P -m boekbrug.warm.zygote LISTENER WORKER MODULE IMPORTED…

LISTENER is the number of the listening socket, WORKER that of a pipe which ends when the worker does; after that no
request is taken, and the process ends with its last child. MODULE is what the children run, as `python -m MODULE`
would. It stays a single thread, without an event loop and without any connection: nothing is shared by the children
but memory that nobody writes to.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import os
import runpy
import selectors
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from boekbrug.warm.client import FORWARDED, LENGTH, STARTED, STATUS, receive

PATIENCE = 5.0  # seconds in which a client says what it wants; until then nobody else is served
# What the interpreter, its libraries or Prefect's settings have read when this process started: a run that has it
# otherwise starts cold. Prefect's names with two underscores belong to one run and are read by it.
_READ_AT_START = ("PREFECT_", "BOEKBRUG_", "PYTHON", "LC_", "LANG", "LD_", "TZ")
_OF_ONE_RUN = "PREFECT__"
_PR_SET_PDEATHSIG = 1  # linux/prctl.h

Environment = dict[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks for: a program in this folder, with this environment and these standard files."""

    folder: bytes
    environment: Environment
    files: list[int]


class Zygote:
    """Answers clients until the worker and the last run have ended."""

    def __init__(self, listener: socket.socket, worker: int) -> None:
        # A file's data is what to do when it can be read; in a child, that returns the request that it is to fulfil.
        self._files = selectors.DefaultSelector()
        self._listener = listener
        self._files.register(listener, selectors.EVENT_READ, self._take)
        self._files.register(worker, selectors.EVENT_READ, partial(self._stop_listening, worker))

    def serve(self) -> Request | None:
        """Returns the request in every child, and None in this process, when nothing is left to do."""
        while self._files.get_map():
            key, _ = self._files.select()[0]  # one at a time: what is done may end what another one was about
            react: Callable[[], Request | None] = key.data
            if (request := react()) is not None:
                return request
        return None

    def _stop_listening(self, worker: int) -> None:
        for file in (self._listener, worker):
            self._files.unregister(file)
        os.close(worker)
        folder = Path(self._listener.getsockname()).parent
        self._listener.close()
        shutil.rmtree(folder, ignore_errors=True)  # a worker that was killed has left it

    def _take(self) -> Request | None:
        connection, _ = self._listener.accept()
        files: list[int] = []
        try:
            connection.settimeout(PATIENCE)
            request = _read(connection, files)
            pid = os.fork()
        except (OSError, ValueError):  # the client starts cold
            connection.close()
            for file in files:
                os.close(file)
            return None
        if not pid:
            connection.close()
            self._let_go()
            return request
        for file in files:
            os.close(file)
        with suppress(PermissionError, ProcessLookupError):  # the child does so as well: whoever comes first
            os.setpgid(pid, pid)
        ended = os.pidfd_open(pid)
        self._files.register(connection, selectors.EVENT_READ, partial(self._pass_on, connection, pid))
        self._files.register(ended, selectors.EVENT_READ, partial(self._tell, connection, pid, ended))
        with suppress(OSError):  # a client that is gone is found out when its connection is read
            connection.sendall(STARTED)
        return None

    def _pass_on(self, connection: socket.socket, pid: int) -> None:
        """Signals from the client; its end is the run's."""
        try:
            numbers = connection.recv(16)
        except OSError:
            numbers = b""
        if not numbers:
            self._files.unregister(connection)
        for number in numbers or bytes([signal.SIGKILL]):
            with suppress(ProcessLookupError):
                os.killpg(pid, number)

    def _tell(self, connection: socket.socket, pid: int, ended: int) -> None:
        """The child's end to its client."""
        _, status = os.waitpid(pid, 0)
        with suppress(OSError):
            connection.sendall(STATUS.pack(status))
        with suppress(KeyError):  # it is no longer listened to when the client went first
            self._files.unregister(connection)
        connection.close()
        self._files.unregister(ended)
        os.close(ended)

    def _let_go(self) -> None:
        """In a child: closes all that is the parent's. (Unregistered must nothing be: the selector is shared.)"""
        for key in self._files.get_map().values():
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
            elif isinstance(key.fileobj, int):
                os.close(key.fileobj)
        self._files.close()


def _read(connection: socket.socket, files: list[int]) -> Request:
    """The client's request; `files` gets the descriptors, which are the caller's to close whatever happens."""
    head, received, _, _ = socket.recv_fds(connection, LENGTH.size, 3, socket.MSG_CMSG_CLOEXEC)
    files += received
    if len(head) != LENGTH.size or len(files) != 3:
        raise ValueError("not a request")
    (length,) = LENGTH.unpack(head)
    folder, *variables = receive(connection, length).split(b"\0")[:-1]
    pairs = (variable.partition(b"=") for variable in variables)
    return Request(folder, {name: value for name, _, value in pairs}, files)


def _read_at_start(environment: Mapping[bytes, bytes]) -> Environment:
    chosen = tuple(map(os.fsencode, _READ_AT_START))
    return {
        name: value
        for name, value in environment.items()
        if name.startswith(chosen) and not name.startswith(os.fsencode(_OF_ONE_RUN))
    }


def _become(request: Request, module: str, parent: int, started_with: Environment) -> None:
    """Makes this child the process that `python -m module` would be, and runs it."""
    with suppress(PermissionError):
        os.setpgid(0, 0)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # its client could not be told of its end
    if os.getppid() != parent:
        os._exit(1)
    for number, file in enumerate(request.files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request.folder)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
    if _read_at_start(request.environment) != started_with:
        os.execve(sys.executable, [sys.executable, "-m", module], request.environment)  # noqa: S606
    os.environb.clear()
    os.environb.update(request.environment)
    sys.path.insert(0, os.fsdecode(request.folder))  # as -m does
    sys.argv = [module]
    sys.modules.pop(module, None)  # it is run, not imported
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def main() -> None:
    """Serves; in a child, runs."""
    listener, worker, module, *imported = sys.argv[1:]
    started_with = _read_at_start(os.environb)
    # Its end is the worker's pipe's. Blocked, not ignored: a signal for a child that is just being made must wait.
    signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)
    for name in imported:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what is there now is never looked at again, so that the children's memory stays shared
    here = os.getpid()
    request = Zygote(socket.socket(fileno=int(listener)), int(worker)).serve()
    if request is not None:
        _become(request, module, here, started_with)


if __name__ == "__main__":
    main()
