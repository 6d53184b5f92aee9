"""A mail server on loopback that keeps what it is given, and can be told to misbehave."""

from __future__ import annotations

import asyncio
import email
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default


@dataclass
class MailServer:
    """`refuse`: the command that is answered with 550. `hang_up`: the line breaks after a mail was kept and before that
    is said."""

    port: int = 0
    refuse: str = ""
    hang_up: bool = False
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, str]] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def say(text: str) -> None:
            writer.write(f"{text}\r\n".encode())
            await writer.drain()

        sender = ""
        await say("220 loopback")
        while line := (await reader.readline()).decode().strip():
            command = line.split(":")[0].split()[0].upper()
            if command == self.refuse:
                await say("550 no such mailbox")
            elif command == "EHLO":
                await say("250-loopback")
                await say("250 AUTH PLAIN")
            elif command == "AUTH":
                self.logins.append(line.split()[-1])
                await say("235 welcome")
            elif command == "MAIL":
                sender = line.partition("<")[2].partition(">")[0]
                await say("250 go on")
            elif command == "RCPT":
                self.envelopes.append((sender, line.partition("<")[2].partition(">")[0]))
                await say("250 go on")
            elif command == "DATA":
                await say("354 go on")
                text = (await reader.readuntil(b"\r\n.\r\n"))[:-3]
                parsed = email.message_from_bytes(text, policy=default)
                assert isinstance(parsed, EmailMessage)
                self.mails.append(parsed)
                if self.hang_up:
                    break
                await say("250 taken")
            else:
                await say("221 bye" if command == "QUIT" else "250 ok")
                if command == "QUIT":
                    break
        writer.close()


@contextmanager
def mail_server() -> Iterator[MailServer]:
    served, started = MailServer(), threading.Event()
    loop = asyncio.new_event_loop()

    async def run() -> None:
        server = await asyncio.start_server(served.serve, "127.0.0.1", 0)
        served.port = server.sockets[0].getsockname()[1]
        started.set()

    def forever() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(run())
        loop.run_forever()

    thread = threading.Thread(target=forever)
    thread.start()
    assert started.wait(10)
    try:
        yield served
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
