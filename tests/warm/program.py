"""What the warm process runs in these tests: the standard library only. Its one variable says what to do."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path


def main() -> None:
    todo, _, argument = os.environ["PROGRAM"].partition(":")
    if todo == "tell":
        told = {
            "pid": os.getpid(),
            "parent": os.getppid(),
            "warm": "tests.warm.imported" in sys.modules,
            "folder": str(Path.cwd()),
            "name": __name__,
            "path": sys.path[0],
            "arguments": sys.argv[1:],
            "input": sys.stdin.read(),
            "threads": threading.active_count(),
            "files": [number for number in range(100) if Path(f"/proc/self/fd/{number}").exists()],
            "ended by SIGTERM": signal.getsignal(signal.SIGTERM) == signal.SIG_DFL,
            "blocked": bool(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
            "variable": os.environ.get("VARIABLE"),
        }
        print(json.dumps(told))
    elif todo == "alternate":
        for number in range(100):
            os.write(1 + number % 2, b"%d\n" % number)
    elif todo == "exit":
        sys.exit(int(argument))
    elif todo == "die":
        os.kill(os.getpid(), int(argument))
        time.sleep(60)
    elif todo == "term":
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(41))
        signal.signal(signal.SIGINT, lambda *_: sys.exit(42))
        print(os.getpid(), flush=True)
        time.sleep(60)
    elif todo == "sleep":
        print(os.getpid(), flush=True)
        time.sleep(float(argument))


if __name__ == "__main__":
    main()
