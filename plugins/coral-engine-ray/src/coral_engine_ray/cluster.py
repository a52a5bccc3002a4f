"""The connection to a cluster, and what the cluster has."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

import ray

from coral_cli.plugin import UsageError
from coral_engine_ray import RayOptions

GIB = 2**30
PATIENCE = 10.0
"""Seconds in which a head has to answer."""


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Connect this process to the cluster at ``address``, unless it is connected.

    Raises UsageError where there is no cluster: none is ever started.
    """
    if ray.is_initialized():
        yield
        return
    _connect(address)
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):  # results stand there, and Ray's news of machines
        try:
            yield
        finally:
            ray.shutdown()


def _connect(address: str) -> None:
    try:
        host, _, port = address.rpartition(":")
        if host and port.isdecimal() and "/" not in host:
            socket.create_connection((host, int(port)), PATIENCE).close()  # says in a moment why not
        with _handlers_kept():
            ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except Exception as error:  # of many kinds
        where = "here" if address == "auto" else f"at {address}"
        said = " ".join(str(error).split()) or type(error).__name__
        hint = "Start one with `ray start --head`, or name one with --ray.address HOST:PORT."
        raise UsageError(f"no Ray cluster can be reached {where}: {said.rstrip('.')}.", hint) from error


@contextmanager
def _handlers_kept() -> Iterator[None]:
    """Keep what happens on SIGTERM: Ray sets a handler of its own."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


def needs(options: RayOptions) -> dict[str, float]:
    """Return what each run takes, as Ray's options of an actor."""
    found: dict[str, float] = {"num_cpus": options.cpus, "num_gpus": options.gpus}
    return found | ({"memory": int(options.memory * GIB)} if options.memory else {})


def described(options: RayOptions, most: int | None) -> str:
    """Return what the cluster has and what each run takes, in words."""
    found = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    machines = [machine for machine in found if machine.get("CPU")]  # a head often does nothing else
    cpus, gpus = (sum(machine.get(kind, 0) for machine in machines) for kind in ("CPU", "GPU"))
    has = f"{cpus:g} CPU{'s' * (cpus != 1)}" + (f" and {gpus:g} GPU{'s' * (gpus != 1)}" if gpus else "")
    need = {"CPU": options.cpus, "GPU": options.gpus, "memory": (options.memory or 0) * GIB}
    fits = any(all(machine.get(kind, 0) >= number for kind, number in need.items()) for machine in machines)
    many = f"{most} at a time, " if most else ""
    of = f"{len(machines)} machine{'s' * (len(machines) != 1)}"
    return f"{many}{options} each, on Ray: {of} with {has}" + ("" if fits else ", none of which has that now")
