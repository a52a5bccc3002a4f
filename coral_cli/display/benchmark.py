"""What ``coral bench`` found out, as people read it."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console

from coral_cli.display.estimates import hurry, span
from coral_cli.display.numbers import count, number, rate, size
from coral_cli.display.tables import print_table
from coral_cli.registry.options import Json

Document = Mapping[str, Json]


def print_benchmark(console: Console, document: Document) -> None:
    """Print tables and sentences, 80 columns wide; a document may lack the parts that were not asked for."""
    _print_head(console, document)
    if "update" in document:
        _print_update(console, document)
    if "environment" in document:
        _print_environment(console, document["environment"])
    if "memory" in document:
        _print_memory(console, document["memory"])
    if "run" in document:
        _print_run(console, document["run"])


def _print_head(console: Console, document: Document) -> None:
    machine = document["machine"]
    sensors = ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in document["sensors"].items())
    computing = f"{machine['gpu']} ({machine['device']})" if machine["gpu"] else machine["cpu"]
    for label, text in (
        ("task", f"{document['env']}: {sensors}; drawn by {document['renderer']}; seed {document['seed']}"),
        ("machine", f"{computing}; {machine['cpus']} cores; torch {machine['torch']}, threads: {machine['threads']}"),
        ("precision", f"{document['precision']}, batch {' x '.join(map(str, document['batch']))}"),
    ):
        console.print(f"{label:<12}{text}", soft_wrap=True, markup=False)


def _print_update(console: Console, document: Document) -> None:
    update, peak = document["update"], document["peak"]
    rows = [_row(name, part["ms"], part["share"], part["gflop"]) for name, part in update["parts"].items()]
    rows.append(_row("update", update["ms"], 1.0, update["gflop"]))
    console.print()
    print_table(console, ("part", "ms", "share", "GFLOP", "GFLOP/s"), rows, numeric=(1, 2, 3, 4))
    console.print(f"\n{rate(update['updates_per_s'])} updates/s{_processes(update)}; {_noise(update)}")
    _print_scaling(console, update)
    console.print(
        f"peak here    {number(peak['gemm_gflops'])} GFLOP/s matrix products, "
        f"{number(peak['convolution_gflops'])} convolutions"
    )
    console.print(f"utilisation  {update['utilisation']:.0%} of the peak of matrix products")
    console.print(f"replay       {number(update['sample']['ms'])} ms a batch; {_noise(update['sample'])}")
    console.print(f"acting       {number(document['acting']['ms'])} ms an action; {_noise(document['acting'])}")


def _row(name: str, ms: float, share: float, gflop: float) -> tuple[str, ...]:
    return name, number(ms), f"{share:.1%}", number(gflop) if gflop else "-", rate(1e3 * gflop / ms) if gflop else "-"


def _processes(update: Document) -> str:
    return f" of {update['processes']} processes together" if update["processes"] > 1 else ""


def _print_scaling(console: Console, update: Document) -> None:
    if "efficiency" in update:
        alone = f"alone, with the whole batch: {number(update['alone_ms'])} ms"
        console.print(f"scaling      {update['efficiency']:.0%} of {update['processes']} times as fast; {alone}")


def _noise(timing: Document) -> str:
    """Say how far to trust a median."""
    if timing["repeats"] == 1:
        return "measured once"
    return f"median of {timing['repeats']}, middle half {timing['spread']:.0%} wide"


def _print_environment(console: Console, environment: Document) -> None:
    step, share = environment["step"], environment["drawing_share"]
    drawing = "drawing not told apart" if share is None else f"{number(share * step['ms'])} of it drawing"
    beside = environment.get("steps_per_s_side_by_side")
    several = "" if beside is None else f"; {rate(beside)} in {environment['envs']} copies"
    console.print(f"\nenvironment  {rate(environment['steps_per_s'])} steps/s{several}")
    console.print(f"  an action  {number(step['ms'])} ms, {drawing}; {_noise(step)}")
    console.print(f"  a reset    {number(environment['reset']['ms'])} ms")


def _print_memory(console: Console, memory: Document) -> None:
    gpu = "" if memory["gpu_peak_mb"] is None else f", {size(1e6 * memory['gpu_peak_mb'])} on the GPU at the peak"
    console.print(f"\nmemory       {size(1e6 * memory['resident_mb'])} in this process{gpu}")
    console.print(f"  parameters {count(memory['parameters'])}")
    console.print(
        f"  a step     {count(memory['transition_bytes'])} bytes in the replay, "
        f"{count(memory['image_bytes'])} of them images; a batch {size(memory['batch_bytes'])}"
    )


def _print_run(console: Console, run: Document) -> None:
    rows = [(name, number(part["ms"]), f"{part['share']:.1%}") for name, part in run["waits"].items() if part["ms"]]
    rows.append(("in all", number(run["action_ms"]), "100.0%"))
    console.print()
    print_table(console, ("a run waits for", "ms an action", "share"), rows, numeric=(1, 2))
    updates = f"{number(run['updates_per_action'])} updates an action"
    console.print(f"{updates}; {count(run['steps'])} steps take about {span(run['eta_range_seconds'])}")
    if run["busy"]:
        console.print(hurry(run["busy"]).removeprefix("; "))
