"""Starting, replacing and ending the warm process, from the worker's side."""

from __future__ import annotations

import asyncio
import logging
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Self

# What a run imports, by its ends. Named, not imported: they are the warm process's, and the flows stand above us.
IMPORTED = (
    "prefect.flow_engine",
    "prefect.task_engine",
    "flows.migrate_orders",
    "flows.notify",
    "flows.sync_invoices",
    "flows.sync_orders",
)
CLIENT = Path(__file__).with_name("client.py")
REPLACED_AFTER = 60.0  # seconds since its start at the earliest: one that cannot live must not keep a processor busy
_log = logging.getLogger(__name__)


class WarmProcess:
    """The process `boekbrug.warm.zygote`. Ours is the other end of the pipe by which it knows that we are there."""

    def __init__(self, process: asyncio.subprocess.Process, command: str, folder: Path, pipe: int) -> None:
        self.command = command  # that has its program run by it, in the words of a shell
        self.pid = process.pid
        self._process = process
        self._folder = folder
        self._pipe = pipe

    @classmethod
    async def start(cls, module: str, imported: Sequence[str], environment: Mapping[str, str]) -> Self:
        """For the program `python -m module`, which needs the modules `imported` and runs in such an environment.

        Does not wait until it is warm: who asks before that waits.
        """
        folder = Path(tempfile.mkdtemp(prefix="boekbrug-"))  # nobody else may enter it
        address = str(folder / "socket")
        reading, writing = os.pipe()
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
                listener.bind(address)
                listener.listen(128)
                files = (listener.fileno(), reading)
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-P", "-m", "boekbrug.warm.zygote", *map(str, files), module, *imported),
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=files,
                    start_new_session=True,
                )
        except BaseException:
            os.close(writing)
            shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            os.close(reading)
        command = shlex.join([sys.executable, "-I", "-S", str(CLIENT), address, module])
        return cls(process, command, folder, writing)

    async def gone(self) -> int:
        """Waits until it has ended; its exit code."""
        return await self._process.wait()

    async def stop(self) -> None:
        """Lets it go, and waits for that: it stays until its last run has ended."""
        os.close(self._pipe)
        await self.gone()
        shutil.rmtree(self._folder, ignore_errors=True)


class KeptWarm:
    """A warm process, and another one in its place when it dies."""

    def __init__(
        self, present: WarmProcess, start: Callable[[], Awaitable[WarmProcess]], replaced_after: float
    ) -> None:
        self._present = present
        self._start = start
        self._replaced_after = replaced_after
        self._watch = asyncio.create_task(self._replace())

    @classmethod
    async def start(
        cls,
        module: str,
        imported: Sequence[str],
        environment: Mapping[str, str],
        replaced_after: float = REPLACED_AFTER,
    ) -> Self:
        """As `WarmProcess.start`; none is replaced before so many seconds since its start have passed."""
        start = partial(WarmProcess.start, module, imported, environment)
        return cls(await start(), start, replaced_after)

    @property
    def command(self) -> str:
        """Has a program run by the present warm process; while there is none, it starts cold."""
        return self._present.command

    @property
    def pid(self) -> int:
        """Of the present warm process."""
        return self._present.pid

    async def stop(self) -> None:
        """Replaces it no more and lets it go, as `WarmProcess.stop` does."""
        self._watch.cancel()
        await asyncio.wait([self._watch])
        await self._present.stop()

    async def _replace(self) -> None:
        time = asyncio.get_running_loop().time
        while True:
            began = time()
            code = await self._present.gone()
            wait = max(0.0, began + self._replaced_after - time())
            _log.error("the warm process has ended (%d): until another is warm, in %.0f s, runs start cold", code, wait)
            await asyncio.sleep(wait)
            try:
                dead, self._present = self._present, await self._start()
            except OSError as problem:
                _log.error("no other warm process can be started: %s", problem)
            else:
                await dead.stop()
