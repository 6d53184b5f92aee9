"""Telling users what happened: connections that do not work, errors and differences of the day, finished migrations."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from tasks.notifying import notify_users
from tasks.runtime import runtime
from tasks.sending import senders


@flow(name="notify", persist_result=False)
def notify() -> State[Any]:
    """Sends every user what is due, once.

    Run it as often as you like: what was sent, or may have been, is not sent again.
    """
    with runtime() as run:
        result = notify_users(run, senders(run.settings, run.clock))
    return Completed(message=str(result))
