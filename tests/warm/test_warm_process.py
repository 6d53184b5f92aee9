"""The warm process and its client, with a program that knows nothing of Prefect: whoever is asked, told or killed, the
client looks like the program itself."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from boekbrug.warm.process import KeptWarm, WarmProcess

ROOT = Path(__file__).parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "BOEKBRUG_LOG_LEVEL": "INFO"}

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere runs start as Prefect has it"),
]


class Warm:
    """A warm process as a worker has it."""

    def __init__(self, imported: str = "tests.warm.imported") -> None:
        self._loop = asyncio.Runner()
        self.process = self._loop.run(WarmProcess.start("tests.warm.program", [imported], ENVIRONMENT))
        self.socket = Path(shlex.split(self.process.command)[-2])

    def client(self, program: str, **options: Any) -> subprocess.Popen[str]:
        environment = ENVIRONMENT | {"PROGRAM": program} | options.pop("environment", {})
        return subprocess.Popen(
            shlex.split(self.process.command),
            **{"env": environment, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options,
        )

    def tell(self, **options: Any) -> dict[str, Any]:
        """What the program says of itself."""
        out, err = self.client("tell", stdin=subprocess.PIPE, **options).communicate("said\n", timeout=30)
        assert out, err
        found: dict[str, Any] = json.loads(out)
        return found

    def running(self, seconds: float | str = 60, program: str = "sleep") -> tuple[subprocess.Popen[str], int]:
        """A client whose program sleeps, and that program's process."""
        client = self.client(f"{program}:{seconds}")
        assert client.stdout
        return client, int(client.stdout.readline())

    def stop(self) -> None:
        """As a worker that ends."""
        self._loop.run(self.process.stop())
        self._loop.close()


@pytest.fixture
def warm() -> Iterator[Warm]:
    warm = Warm()
    yield warm
    warm.stop()
    assert not warm.socket.parent.exists()
    assert not alive(warm.process.pid)


def alive(pid: int) -> bool:
    """Whether the process is there and not merely waiting to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_program_is_the_one_that_would_run_here(warm: Warm, tmp_path: Path) -> None:
    told = warm.tell(cwd=tmp_path, environment={"VARIABLE": "één\udc80"})
    assert told["warm"]
    assert told["parent"] == warm.process.pid
    cold = subprocess.run(
        [sys.executable, "-m", "tests.warm.program"], cwd=tmp_path, input="said\n", capture_output=True, text=True,
        env=ENVIRONMENT | {"PROGRAM": "tell", "VARIABLE": "één\udc80"}, check=True,
    )  # fmt: skip
    expected = json.loads(cold.stdout)
    for same in told.keys() - {"pid", "parent", "warm"}:
        assert told[same] == expected[same], same
    assert (expected["warm"], expected["files"], expected["threads"]) == (False, [0, 1, 2], 1)


def test_the_warm_process_is_one_thread_and_nobody_elses(warm: Warm) -> None:
    warm.tell()
    assert len(list(Path(f"/proc/{warm.process.pid}/task").iterdir())) == 1
    assert stat.S_IMODE(warm.socket.parent.stat().st_mode) == 0o700
    assert os.getsid(warm.process.pid) == warm.process.pid


def test_output_arrives_in_order(warm: Warm) -> None:
    out, _ = warm.client("alternate", stderr=subprocess.STDOUT).communicate(timeout=30)
    assert out.split() == [str(number) for number in range(100)]


@pytest.mark.parametrize("code", [0, 7])
def test_the_exit_code_is_the_programs(warm: Warm, code: int) -> None:
    assert warm.client(f"exit:{code}").wait(30) == code


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_the_client_dies_of_what_the_program_died_of(warm: Warm, number: int) -> None:
    assert warm.client(f"die:{int(number)}").wait(30) == -number


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 41), (signal.SIGINT, 42)])
def test_a_signal_is_the_programs(warm: Warm, number: int, code: int) -> None:
    client, _ = warm.running(program="term")
    client.send_signal(number)
    assert client.wait(30) == code


def test_a_signal_that_comes_at_once_is_not_lost(warm: Warm) -> None:
    warm.tell()
    for pause in (0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.07, 0.1):
        client = warm.client("sleep:60")
        time.sleep(pause)
        client.terminate()
        assert client.wait(30) == -signal.SIGTERM


def test_without_its_client_a_program_is_ended(warm: Warm) -> None:
    client, program = warm.running()
    other, unharmed = warm.running()
    client.kill()
    until(lambda: not alive(program))
    assert alive(unharmed)
    other.kill()


def test_what_the_terminal_says_to_the_workers_group_is_not_for_a_program(warm: Warm) -> None:
    client, program = warm.running()
    assert len({os.getpgid(pid) for pid in (0, client.pid, program, warm.process.pid)}) == 4
    client.kill()


@pytest.mark.parametrize("changed", ["PREFECT_LOGGING_LEVEL", "BOEKBRUG_LOG_LEVEL", "PYTHONUTF8", "TZ"])
def test_another_environment_starts_cold(warm: Warm, changed: str) -> None:
    value = {"TZ": "Asia/Tokyo", "PYTHONUTF8": "1"}.get(changed, "DEBUG")
    assert not warm.tell(environment={changed: value})["warm"]


def test_what_is_of_one_run_starts_warm(warm: Warm) -> None:
    assert warm.tell(environment={"PREFECT__FLOW_RUN_ID": "1", "VARIABLE": "2"})["warm"]


def test_a_cold_program_is_under_the_same_hand(warm: Warm) -> None:
    changed = {"environment": {"BOEKBRUG_LOG_LEVEL": "DEBUG"}}
    assert warm.client("exit:7", **changed).wait(30) == 7
    assert warm.client("die:9", **changed).wait(30) == -signal.SIGKILL
    client = warm.client("sleep:60", **changed)
    assert client.stdout
    program = int(client.stdout.readline())
    client.kill()
    until(lambda: not alive(program))


def test_without_a_warm_process_a_run_starts_cold(warm: Warm) -> None:
    os.kill(warm.process.pid, signal.SIGKILL)
    until(lambda: not alive(warm.process.pid))
    told = warm.tell()
    assert not told["warm"]
    assert told["parent"] == os.getpid()
    assert not told["blocked"]
    assert warm.client("exit:7").wait(30) == 7


def test_a_warm_process_that_cannot_be_made_leaves_no_run_waiting() -> None:
    warm = Warm("tests.warm.there_is_no_such_module")
    client = warm.client("exit:7", stderr=subprocess.DEVNULL)
    assert client.wait(30) == 7
    warm.stop()
    assert not warm.socket.parent.exists()


def test_a_program_does_not_outlive_a_warm_process_that_is_killed(warm: Warm) -> None:
    client, program = warm.running()
    os.kill(warm.process.pid, signal.SIGKILL)
    assert client.wait(30) == -signal.SIGKILL
    until(lambda: not alive(program))


def test_the_warm_process_waits_for_its_last_run_and_takes_no_other() -> None:
    warm = Warm()
    client, _ = warm.running(seconds=2)
    warm.stop()  # returns when it has gone
    assert not alive(warm.process.pid)
    assert client.wait(30) == 0
    assert not warm.socket.parent.exists()


def test_when_the_worker_is_killed_runs_go_on_and_then_nothing_is_left() -> None:
    program = (
        "import asyncio, sys; from boekbrug.warm.process import WarmProcess\n"
        "async def work():\n"
        "    warm = await WarmProcess.start('tests.warm.program', ['tests.warm.imported'], __import__('os').environ)\n"
        "    print(warm.pid, warm.command, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(work())"
    )
    worker = subprocess.Popen([sys.executable, "-c", program], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
    assert worker.stdout
    pid, _, command = worker.stdout.readline().partition(" ")
    client = subprocess.Popen(
        shlex.split(command), env=ENVIRONMENT | {"PROGRAM": "sleep:2"}, stdout=subprocess.PIPE, text=True
    )
    assert client.stdout
    client.stdout.readline()
    folder = Path(shlex.split(command)[-2]).parent
    worker.kill()
    worker.wait()
    until(lambda: not folder.exists())
    assert client.poll() is None
    assert client.wait(30) == 0
    until(lambda: not alive(int(pid)))


@pytest.mark.parametrize(("lived", "waits"), [(3.0, False), (0.0, True)], ids=["old", "young"])
def test_one_that_dies_is_replaced_but_not_over_and_over(
    lived: float, waits: bool, caplog: pytest.LogCaptureFixture
) -> None:
    between = 2.0

    def run(command: str) -> dict[str, Any]:
        environment = ENVIRONMENT | {"PROGRAM": "tell"}
        client = subprocess.run(
            shlex.split(command), env=environment, input="said\n", capture_output=True, text=True, timeout=30
        )
        told: dict[str, Any] = json.loads(client.stdout)
        return told

    async def work() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        kept = await KeptWarm.start("tests.warm.program", ["tests.warm.imported"], ENVIRONMENT, between)
        first, folder = kept.pid, Path(shlex.split(kept.command)[-2]).parent
        try:
            await asyncio.sleep(lived)
            os.kill(first, signal.SIGKILL)
            if waits:
                until(lambda: not alive(first))
                assert not (await asyncio.to_thread(run, kept.command))["warm"]
            while kept.pid == first:
                assert loop.time() < began + 20
                await asyncio.sleep(0.02)
            assert not waits or loop.time() >= began + between
            told = await asyncio.to_thread(run, kept.command)
            assert (told["warm"], told["parent"]) == (True, kept.pid)
            assert not folder.exists()
            assert f"the warm process has ended ({-signal.SIGKILL})" in caplog.text
        finally:
            await kept.stop()
        assert not alive(kept.pid)
        assert not Path(shlex.split(kept.command)[-2]).parent.exists()

    asyncio.run(work())


def test_one_that_cannot_live_is_tried_at_intervals(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        kept = await KeptWarm.start("tests.warm.program", ["tests.warm.there_is_no_such_module"], ENVIRONMENT, 1.5)
        await asyncio.sleep(4)
        await kept.stop()

    asyncio.run(work())
    assert 1 <= caplog.text.count("the warm process has ended (1)") <= 3
