"""Clusters of Ray: whether there is one, whether it can be reached, and how many workers it has room for."""

import logging
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench.progress import SILENT, Observer
from bench.run.options import RayOptions
from readers.contract import Reader
from readers.session import SessionReader
from taxonomy.distribution import install
from taxonomy.error import RunError, SettingError

INSTALL = install("ray")

CONNECT_S = 10.0
"""Seconds in which the head of a cluster must accept a connection."""

HEALTH_S = 60.0
"""Seconds in which it must answer as a cluster does."""

CONNECT = "import sys, ray; ray.init(address=sys.argv[1], log_to_driver=False, configure_logging=False)"

WORKERS_A_CORE = 4
"""Workers of a cluster of this process alone for each core at most; more would only wait, each with a model."""

STORE_BYTES = 2**27
"""Shared memory of a cluster of this process alone: readings are small, and recordings never travel."""

QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
"""What Ray is told before it starts: to report to nobody, and to hide no GPU from a worker that claims none."""


def check_ray(reader: Reader, options: RayOptions) -> None:
    """Raise BenchError when Ray is no engine for a reader, is not installed, or its cluster cannot be reached."""
    if isinstance(reader, SessionReader):
        raise SettingError(
            f"--engine ray is for readers that compute here, and {reader.name!r} waits for a service: --concurrency "
            "512 keeps as many requests in flight from one process, and --max-cost holds for all of them"
        )
    if find_spec("ray") is None:
        raise SettingError(f"--engine ray needs Ray, which is not installed: {INSTALL}")
    address = _address(options)
    if address == "local":
        _check_workers(options.workers or 1)
    elif address != "auto":
        _check_reachable(address)


def _check_workers(workers: int) -> None:
    cores = os.cpu_count() or 1
    if workers > WORKERS_A_CORE * cores:
        raise SettingError(
            f"--workers {workers} is too many for the {cores} cores of this machine, which take at most "
            f"{WORKERS_A_CORE * cores}: {cores} keep them busy; --ray-address names a larger cluster"
        )


def _address(options: RayOptions) -> str:
    return options.address or os.environ.get("RAY_ADDRESS", "") or "local"


def _check_reachable(address: str) -> None:
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not (port.isascii() and port.isdecimal()) or int(port) > 65535:
        raise SettingError(f"--ray-address takes HOST:PORT of a cluster's head, or auto, not {address!r}")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_S).close()
    except UnicodeError as error:
        raise SettingError(f"--ray-address takes HOST:PORT, and {host[:80]!r} cannot be a host's name") from error
    except OSError as error:
        raise _unreachable(address, str(error.strerror or error)) from error
    # In a process that can be ended: Ray itself would go on trying for minutes, and its noise stays there.
    try:
        done = subprocess.run(
            [sys.executable, "-c", CONNECT, address],
            capture_output=True,
            text=True,
            timeout=HEALTH_S,
            check=False,
            env={**os.environ, **QUIET},
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise _unreachable(address, f"what listens there does not answer as Ray within {HEALTH_S:.0f} s") from None
    if "InvalidAuthToken" in done.stderr:
        raise _unreachable(address, "it asks for a token: RAY_AUTH_MODE=token sends the one that Ray keeps here")
    if done.returncode:
        raise _unreachable(address, " ".join(done.stderr.split("\n")[-2:]).strip()[:200] or "it ended the connection")


def _unreachable(address: str, reason: str) -> RunError:
    if address == "local":
        return RunError(f"Ray cannot begin a cluster on this machine ({reason})")
    if address == "auto":
        return RunError(
            "no Ray cluster runs on this machine: 'ray start --head' begins one, --ray-address names another"
        )
    return RunError(
        f"the Ray cluster at {address} cannot be reached ({reason}): 'ray start --head' begins one, --ray-address and "
        "RAY_ADDRESS name it, and without either a run begins its own"
    )


def worker_count(options: RayOptions, resources: dict[str, float], questions: int, observer: Observer = SILENT) -> int:
    """Return how many workers there are to be: as many as are asked for, else as the cluster has room for.

    There are never more than questions: a worker without one would only take memory.

    Raises
    ------
    RunError
        When the cluster has no room for them: they would be waited for without end.
    """
    cpus, gpus = int(resources.get("CPU", 0)), resources.get("GPU", 0.0)
    room = min(cpus, int(gpus / options.gpus + 1e-9)) if options.gpus else cpus
    count = min(options.workers or room, questions)
    if not 0 < count <= room:
        needed = f"{options.gpus:g} GPU and 1 CPU" if options.gpus else "1 CPU"
        raise RunError(
            f"the Ray cluster has {cpus} CPUs and {gpus:g} GPUs, too few for {max(1, count)} workers with {needed} "
            "each: name fewer --workers or a smaller --gpus-per-worker"
        )
    if gpus and not options.gpus:
        observer.say("no worker claims a GPU: where the reader uses one, --gpus-per-worker 1 gives each its own")
    return count


@contextmanager
def connected(options: RayOptions, questions: int) -> Iterator[Any]:
    """Yield Ray, connected to the named cluster or to one of this process alone, no larger than questions need.

    A program that is connected already stays so. A cluster of this process alone leaves no process and no folder.

    Raises
    ------
    RunError
        When there is no cluster, or it does not take this process.
    """
    os.environ.update({name: value for name, value in QUIET.items() if name not in os.environ})
    ray: Any = import_module("ray")
    logging.getLogger("ray").setLevel(logging.ERROR)
    # Ray prints what its workers die of to standard output, from its first to its last, which is for the score alone.
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        if ray.is_initialized():
            yield ray
            return
        folder = _begun(ray, options, questions)
        try:
            yield ray
        finally:
            ray.shutdown(wait_for_processes=True)
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)


def _begun(ray: Any, options: RayOptions, questions: int) -> Path | None:  # noqa: ANN401  # a module
    """Connect Ray; return the folder in which a cluster of this process alone keeps its logs, none for another."""
    address, cores = _address(options), os.cpu_count() or 1
    own: dict[str, Any] = {
        # Ray starts a process for each of these before one is asked for.
        "num_cpus": min(options.workers or cores, questions),
        "object_store_memory": STORE_BYTES,
        "include_dashboard": False,
    }
    shared = {"address": address, "log_to_driver": False, "configure_logging": False}
    try:
        context = ray.init(**shared, **(own if address == "local" else {}))
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise _unreachable(address, " ".join(str(error).split())[:200]) from error
    return Path(context.address_info["session_dir"]) if address == "local" else None
