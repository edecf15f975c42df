"""Each tool in a process of its own: what one leaves behind must not slow the next."""

import json
import os
import subprocess
import sys
from typing import Any

QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def measure(script: str, *arguments: str, one_thread: bool = False) -> Any:
    """Run a script in a fresh interpreter; it prints its figures as JSON on its last line.

    Raises:
        RuntimeError: If it fails, with the last lines of what it said.
    """
    environment = os.environ | QUIET | (ONE_THREAD if one_thread else {})
    command = [sys.executable, "-W", "ignore", script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise RuntimeError("\n".join(done.stderr.splitlines()[-3:]))
    return json.loads(done.stdout.splitlines()[-1])
