"""Prefect's process worker, whose runs start out of a warm process.

What is relied on of Prefect 3.8.8: `ProcessWorker` and `ProcessJobConfiguration`, which are public; that a worker which
finds `command` set in a run's configuration starts that command with the run's environment, where it would resolve a
workspace else; that an abstract base is not registered as the worker of its type; and `prefect.engine`, which that
command runs in the end. Nothing private is called.
"""

from __future__ import annotations

import abc
import os
import sys
from typing import Any, Self

from prefect.settings import get_current_settings
from prefect.workers.process import ProcessJobConfiguration, ProcessWorker

from boekbrug.warm.process import IMPORTED, WarmProcess

ENGINE = "prefect.engine"


# Being an abstract base, it is not registered for its type: of pools of type `process` Prefect's own stays the worker.
class WarmWorker(ProcessWorker, abc.ABC):
    """Prefect's process worker, except that runs for which no command is configured start warm.

    Off Linux it is Prefect's own: forks of a process that has loaded this much are not safe everywhere.
    """

    _warm: WarmProcess | None = None

    async def __aenter__(self) -> Self:
        if sys.platform == "linux":
            self._warm = await WarmProcess.start(ENGINE, IMPORTED, _environment())
            self.job_configuration = _configuration(self._warm.command)
        try:
            await super().__aenter__()
        except BaseException:
            await self._cool()
            raise
        return self

    async def __aexit__(self, *exc_info: Any) -> None:
        try:
            await super().__aexit__(*exc_info)
        finally:
            await self._cool()

    async def _cool(self) -> None:
        if self._warm:
            await self._warm.stop()


def _environment() -> dict[str, str]:
    """What the worker gives every run, as far as the warm process compares it."""
    settings = get_current_settings().to_environment_variables(exclude_unset=True)
    # Threads of the linear algebra that pandas loads, and that nothing here uses, would not survive a fork.
    return {**os.environ, **settings, "OPENBLAS_NUM_THREADS": "1"}


def _configuration(client: str) -> type[ProcessJobConfiguration]:
    class WarmJobConfiguration(ProcessJobConfiguration):
        """Prefect's own, whose command is the client of the warm process unless another one is configured."""

        def prepare_for_flow_run(self, *arguments: Any, **named: Any) -> None:
            self.command = self.command or client
            super().prepare_for_flow_run(*arguments, **named)

    return WarmJobConfiguration
