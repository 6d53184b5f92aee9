"""`boekbrug notify`: tells users what is due, without a worker."""

from __future__ import annotations

from boekbrug.cli._output import out
from tasks.runtime import runtime


def notify() -> None:
    """Send users the notifications that are due, once. For cron, where no Prefect worker does it."""
    from tasks.notifying import notify_users  # noqa: PLC0415 - what sends takes long to import
    from tasks.sending import senders  # noqa: PLC0415 - as above

    with runtime() as run:
        out.print(str(notify_users(run, senders(run.settings, run.clock))), markup=False, highlight=False)
