"""Facts about machine, program and repository, without anything secret.

Environment variables are never read for them. From the command line and from addresses of
repositories everything that looks like a credential is cut: user and password of an address,
and the value behind any option whose name speaks of a key, token, secret or password.

Cost: two calls of git (10 ms), once for a run, in the flush thread.

Not here: how they are stored (``facts``, ``store``).
"""

import contextlib
import os
import platform
import re
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CUT = "***"
"""What stands in place of a credential."""

_NAMED = (
    "token(?![a-rt-z]|s$)|secret|passw(?:or)?d|pwd|passphrase|credential|api.?key|access.?key"
    "|auth(?!or)|bearer|private.?key"
)
_SECRET_NAME = re.compile(
    rf"(?:{_NAMED}|(?:^|[-_.])(?:key|pass|sas|sig|signature)$)", re.IGNORECASE
)
_ASSIGNED = re.compile(r"^(?P<name>[-+]{0,2}[\w.\-/]+?)=(?P<value>.*)$", re.DOTALL)
_ADDRESS = re.compile(r"(?P<scheme>[a-zA-Z][\w+.\-]*://)(?P<user>[^/@\s]*)@")
_QUERY = re.compile(
    rf"(?P<name>[?&;][\w.\-]*(?:{_NAMED}|key|sig|signature)[\w.\-]*=)[^&;\s]*", re.IGNORECASE
)
# What some services begin their tokens with.
_TOKEN = re.compile(
    r"\b(?:gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w\-]{16,}|hf_\w{16,}|sk-[\w\-]{16,}|xox[abp]-[\w\-]{10,}"
    r"|AKIA[0-9A-Z]{12,}|eyJ[\w\-]{10,}\.[\w\-]{10,}\.[\w\-]+)"
)
_GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
_GIT_SECONDS = 3.0


def surroundings() -> dict[str, Any]:
    """Facts by name: ``command``, ``python``, ``system``, ``packages``, ``git`` and so on.

    Example:
        >>> sorted(surroundings())[:3]
        ['accelerators', 'command', 'cpu_count']
    """
    return {
        "command": without_credentials(sys.argv),
        "python": platform.python_version(),
        "system": platform.platform(),
        "host": socket.gethostname(),
        "cpu_count": os.cpu_count(),
        "packages": _packages(),
        "accelerators": _accelerators(),
        "git": git_facts(Path.cwd()),
    }


def without_credentials(command: Sequence[str]) -> list[str]:
    """A command line in which credentials are cut.

    Example:
        >>> without_credentials(["train.py", "--api-key", "x1", "--lr=0.1", "hub_token=abc"])
        ['train.py', '--api-key', '***', '--lr=0.1', 'hub_token=***']
        >>> without_credentials(["--data", "https://ann:pw@host/set?sig=abc&n=1"])
        ['--data', 'https://***@host/set?sig=***&n=1']
    """
    told, is_secret = [], False
    for word in map(str, command):
        assigned = _ASSIGNED.match(word)
        if is_secret and not (word.startswith("--") or (word.startswith("-") and len(word) == 2)):
            told.append(CUT)
        elif assigned and _is_secret(assigned["name"]):
            told.append(f"{assigned['name']}={CUT}")
        else:
            told.append(without_secrets(word))
        is_secret = word.startswith("-") and not assigned and _is_secret(word)
    return told


def without_secrets(text: str) -> str:
    """A text in which passwords in addresses, signatures and well-known tokens are cut.

    Example:
        >>> without_secrets("https://user:token@example.org/a.git")
        'https://***@example.org/a.git'
    """
    text = _ADDRESS.sub(rf"\g<scheme>{CUT}@", text)
    return _TOKEN.sub(CUT, _QUERY.sub(rf"\g<name>{CUT}", text))


def git_facts(folder: Path) -> dict[str, Any] | None:
    """Commit, branch, remote, and whether tracked files were changed; None outside a repository.

    Args:
        folder: Anywhere in the working tree.
    """
    status = _git(folder, "status", "--porcelain=v2", "--branch", "--untracked-files=no")
    if status is None:
        return None
    heads = dict(line[2:].split(" ", 1) for line in status.splitlines() if line.startswith("# "))
    remote = _git(folder, "config", "--get", "remote.origin.url")
    commit = heads.get("branch.oid", "")
    return {
        "commit": None if commit.startswith("(") else commit,
        "branch": heads.get("branch.head"),
        "remote": without_secrets(remote.strip()) if remote else None,
        "is_dirty": any(not line.startswith("# ") for line in status.splitlines()),
    }


def _git(folder: Path, *arguments: str) -> str | None:
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    with contextlib.suppress(OSError, subprocess.SubprocessError, ValueError):
        done = subprocess.run(  # noqa: S603  words of ours, no shell
            [*_GIT, *arguments],
            cwd=folder, env=environment, capture_output=True, timeout=_GIT_SECONDS, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if not done.returncode:
            return done.stdout.decode("utf-8", "replace")
    return None


def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(name.lstrip("-+")) is not None


def _packages() -> dict[str, str]:
    """Versions of what the training has imported, as far as it says so."""
    names = ("torch", "numpy", "torchvision", "transformers", "lightning", "accelerate", "jax")
    versions = {name: getattr(sys.modules.get(name), "__version__", None) for name in names}
    return {name: str(version) for name, version in versions.items() if version}


def _accelerators() -> list[str]:
    """Names of the devices that the training has already touched; asking must not start any."""
    torch: Any = sys.modules.get("torch")
    with contextlib.suppress(Exception):
        if torch is not None and torch.cuda.is_initialized():
            return [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return []
