"""Prefect's process worker, whose runs start out of a warm process, and which asks for runs when it has room for them.

What is relied on of Prefect 3.8.8: `ProcessWorker` and `ProcessJobConfiguration`, which are public; that a worker which
finds `command` set in a run's configuration starts that command with the run's environment, where it would resolve a
workspace else; that an abstract base is not registered as the worker of its type; `prefect.engine`, which that command
runs in the end; and that `get_and_submit_flow_runs` is called again and again and may take its time.

Private is `_get_scheduled_flow_runs`, which is replaced, with what it reads: were it called differently, then every
question would cost what it costs Prefect's own worker, and a test would tell.
"""

from __future__ import annotations

import abc
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Self

import anyio
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import WorkerFlowRunResponse
from prefect.exceptions import PrefectHTTPStatusError
from prefect.settings import get_current_settings
from prefect.workers.process import ProcessJobConfiguration, ProcessWorker

from boekbrug.warm.process import IMPORTED, KeptWarm

ENGINE = "prefect.engine"
# A full worker asks no less often than this, in seconds: its health check wants to see it ask within 30 intervals.
ASKS_AFTER = 15.0
SENT_AT_MOST = 200  # PREFECT_SERVER_API_DEFAULT_LIMIT: the server refuses to be asked for more


# Being an abstract base, it is not registered for its type: of pools of type `process` Prefect's own stays the worker.
class WarmWorker(ProcessWorker, abc.ABC):
    """Prefect's process worker, except that runs for which no command is configured start warm.

    Off Linux it is Prefect's own: forks of a process that has loaded this much are not safe everywhere.
    """

    _warm: KeptWarm | None = None

    def __init__(self, work_pool_name: str, *, limit: int, **named: Any) -> None:
        super().__init__(work_pool_name, limit=limit, **named)

    async def get_and_submit_flow_runs(self) -> list[FlowRun]:
        """Prefect's own; a worker that is full then asks again as soon as a run has ended, and not before.

        Every question makes the server look through all that waits and touch every deployment of the pool. And a place
        that comes free is taken at once, not at the next interval.
        """
        submitted = await super().get_and_submit_flow_runs()
        while not self.limiter.available_tokens:
            with anyio.move_on_after(ASKS_AFTER):
                async with self.limiter:
                    pass  # there is a place
            submitted += await super().get_and_submit_flow_runs()
        return submitted

    async def _get_scheduled_flow_runs(self) -> list[WorkerFlowRunResponse]:
        """Prefect's own, but asks for few: of a thousand runs that wait the server would send two hundred each time."""
        wanted = {
            "work_queue_names": list(self._work_queues),
            "scheduled_before": str(datetime.now(UTC) + timedelta(seconds=int(self._prefetch_seconds))),
            # Others may be quicker, and what is just being begun is still among them.
            "limit": min(2 * int(self.limiter.total_tokens), SENT_AT_MOST),
        }
        try:
            found = await self.client.request(
                "POST",
                "/work_pools/{name}/get_scheduled_flow_runs",
                json=wanted,
                path_params={"name": self.work_pool.name},
            )
        except PrefectHTTPStatusError as problem:
            if problem.response.status_code == HTTPStatus.NOT_FOUND:  # the heartbeat says that the pool is gone
                return []
            raise
        return WorkerFlowRunResponse.model_validate_list(found.json())

    async def __aenter__(self) -> Self:
        if sys.platform == "linux":
            warm = self._warm = await KeptWarm.start(ENGINE, IMPORTED, _environment())
            self.job_configuration = _configuration(lambda: warm.command)
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


def _configuration(client: Callable[[], str]) -> type[ProcessJobConfiguration]:
    class WarmJobConfiguration(ProcessJobConfiguration):
        """Prefect's own, whose command is the client of the warm process unless another one is configured."""

        def prepare_for_flow_run(self, *arguments: Any, **named: Any) -> None:
            self.command = self.command or client()
            super().prepare_for_flow_run(*arguments, **named)

    return WarmJobConfiguration
