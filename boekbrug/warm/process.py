"""Starting and ending the warm process, from the worker's side."""

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
from collections.abc import Mapping, Sequence
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
_log = logging.getLogger(__name__)


class WarmProcess:
    """The process `boekbrug.warm.zygote`. Ours is the other end of the pipe by which it knows that we are there."""

    def __init__(self, process: asyncio.subprocess.Process, command: str, folder: Path, pipe: int) -> None:
        self.command = command  # that has its program run by it, in the words of a shell
        self.pid = process.pid
        self._process = process
        self._folder = folder
        self._pipe = pipe
        self._stopping = False
        self._watch = asyncio.create_task(self._told_when_gone())

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

    async def stop(self) -> None:
        """Lets it go, and waits for that: it stays until its last run has ended."""
        self._stopping = True
        os.close(self._pipe)
        await self._watch
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _told_when_gone(self) -> None:
        code = await self._process.wait()
        if not self._stopping:
            _log.error("the warm process has ended (%d): runs start cold until the worker is restarted", code)
