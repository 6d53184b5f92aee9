"""Has a program run by the warm process, and stands for it: same output, same signals, same end.

    python -I -S client.py SOCKET MODULE

What `python -m MODULE` would do here, with this environment, folder, input and output. When the warm process cannot be
reached, it becomes that very command. Standard library only, and little of it: every run waits for these imports.

The conversation: LENGTH and the three standard files, then as many bytes of folder and environment, each ended by a
zero byte. The answer is STARTED, and at the end STATUS: how the program ended, as the kernel says it. In between
every byte is a signal for the program. Whoever ends the conversation ends the program.
"""

import os
import signal
import socket
import struct
import sys
from contextlib import suppress

LENGTH = struct.Struct("!I")
STATUS = struct.Struct("!i")
STARTED = b"+"
FORWARDED = (signal.SIGTERM, signal.SIGINT)


def receive(connection: socket.socket, size: int) -> bytes:
    """Exactly so many bytes. Raises OSError when the other side ends before."""
    received = b""
    while len(received) < size:
        more = connection.recv(size - len(received))
        if not more:
            raise ConnectionError("the other side has ended the conversation")
        received += more
    return received


def _ask(address: str) -> socket.socket:
    """A conversation with the warm process in which the program has been started. Raises OSError."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(address)
    request = [os.fsencode(os.getcwd()), *(name + b"=" + value for name, value in os.environb.items())]  # noqa: PTH109
    body = b"".join(part + b"\0" for part in request)
    socket.send_fds(connection, [LENGTH.pack(len(body))], [0, 1, 2])
    connection.sendall(body)
    if receive(connection, len(STARTED)) != STARTED:
        raise ConnectionError("the warm process speaks another language")
    return connection


def _end_like(status: int) -> None:
    """Ends as the program did."""
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def main() -> None:
    """The program's whole life. Returns never."""
    address, module = sys.argv[1:]
    if os.getpgrp() != os.getpid():
        os.setsid()  # as Prefect's own starter has it: what a terminal tells the worker's group is not for the runs
    signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)  # none between the request's bytes
    try:
        connection = _ask(address)
    except OSError as problem:
        print(f"The warm process is not there ({problem}): this run starts cold.", file=sys.stderr, flush=True)  # noqa: T201
        signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
        os.execv(sys.executable, [sys.executable, "-m", module])  # noqa: S606

    def forward(number: int, _: object) -> None:
        with suppress(OSError):  # the program has just ended: how, is still to be read
            connection.send(bytes([number]))

    for number in FORWARDED:
        signal.signal(number, forward)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
    try:
        (status,) = STATUS.unpack(receive(connection, STATUS.size))
    except OSError:
        status = signal.SIGKILL  # the program has died with the warm process
    _end_like(status)


if __name__ == "__main__":
    main()
