"""What ``coral bench`` prints."""

from io import StringIO

from rich.console import Console

from coral_cli.display.benchmark import print_benchmark

TIMING = {"ms": 12.5, "best_ms": 12.0, "spread": 0.04, "repeats": 10}
DOCUMENT = {
    "env": "maze",
    "seed": 3,
    "precision": "fp32",
    "batch": [32, 16],
    "renderer": "egl",
    "sensors": {"camera": [64, 64, 3], "lidar_scan": [12]},
    "machine": {"cpu": "Fast One", "gpu": None, "device": "cpu", "cpus": 2, "threads": 1, "torch": "2.13.0"},
    "peak": {"gemm_gflops": 100.0, "convolution_gflops": 90.0},
    "update": TIMING
    | {
        "ms": 250.0,
        "updates_per_s": 4.0,
        "processes": 1,
        "parts": {
            "encoder": {"ms": 200.0, "share": 0.8, "gflop": 8.0},
            "other": {"ms": 50.0, "share": 0.2, "gflop": 0.0},
        },
        "gflop": 8.0,
        "utilisation": 0.32,
        "sample": TIMING,
    },
    "acting": TIMING,
    "environment": {"step": TIMING, "drawing_share": 0.5, "reset": TIMING, "steps_per_s": 320.0},
    "memory": {
        "resident_mb": 700.0,
        "gpu_peak_mb": None,
        "transition_bytes": 17_407,
        "image_bytes": 17_328,
        "parameters": 1_355_097,
        "batch_bytes": 6_300_000,
    },
    "run": {
        "waits": {"drawing": {"ms": 5.0, "share": 0.05}, "update": {"ms": 95.0, "share": 0.95}},
        "action_ms": 100.0,
        "updates_per_action": 0.5,
        "steps": 500_000,
        "eta_seconds": 3661.0,
        "eta_range_seconds": [2562.7, 4759.3],
        "busy": "",
    },
}


def printed(document):
    out = StringIO()
    print_benchmark(Console(file=out, width=80, highlight=False), document)
    lines = out.getvalue().splitlines()
    assert all(len(line) <= 80 for line in lines)
    return lines


def test_all_of_it():
    lines = printed(DOCUMENT)
    assert lines[:3] == [
        "task        maze: camera 64x64x3, lidar_scan 12; drawn by egl; seed 3",
        "machine     Fast One; 2 cores; torch 2.13.0, threads: 1",
        "precision   fp32, batch 32 x 16",
    ]
    assert lines[4:8] == [
        "part        ms   share  GFLOP  GFLOP/s",
        "encoder  200.0   80.0%   8.00       40",
        "other     50.0   20.0%      -        -",
        "update   250.0  100.0%   8.00       32",
    ]
    assert "4.0 updates/s; median of 10, middle half 4% wide" in lines
    assert "peak here    100.0 GFLOP/s matrix products, 90.0 convolutions" in lines
    assert "utilisation  32% of the peak of matrix products" in lines
    assert "  an action  12.5 ms, 6.25 of it drawing; median of 10, middle half 4% wide" in lines
    assert "  a step     17,407 bytes in the replay, 17,328 of them images; a batch 6.3 MB" in lines
    assert lines[-1] == "0.50 updates an action; 500,000 steps take about 43 to 79 minutes"


def test_what_was_not_measured_is_not_shown():
    head = {name: DOCUMENT[name] for name in ("env", "seed", "precision", "batch", "renderer", "sensors", "machine")}
    lines = printed(head | {"environment": DOCUMENT["environment"] | {"drawing_share": None}})
    assert "  an action  12.5 ms, drawing not told apart; median of 10, middle half 4% wide" in lines
    assert not any("updates" in line or "memory" in line for line in lines)


def test_a_gpu_processes_and_copies():
    machine = DOCUMENT["machine"] | {"gpu": "Big GPU", "device": "cuda:0"}
    environment = DOCUMENT["environment"] | {"envs": 4, "steps_per_s_side_by_side": 1100.0}
    memory = DOCUMENT["memory"] | {"gpu_peak_mb": 2100.0}
    update = DOCUMENT["update"] | {"processes": 4}
    lines = printed(DOCUMENT | {"machine": machine, "environment": environment, "memory": memory, "update": update})
    assert lines[1] == "machine     Big GPU (cuda:0); 2 cores; torch 2.13.0, threads: 1"
    assert "environment  320 steps/s; 1,100 in 4 copies" in lines
    assert "memory       700 MB in this process, 2.1 GB on the GPU at the peak" in lines
    assert "4.0 updates/s of 4 processes together; median of 10, middle half 4% wide" in lines


def test_a_busy_machine_is_told():
    lines = printed(DOCUMENT | {"run": DOCUMENT["run"] | {"busy": "load 93.5 on 64 processors"}})
    assert lines[-1] == "this machine is busy (load 93.5 on 64 processors): alone, it would take less"


def test_one_repeat_has_no_spread():
    acting = TIMING | {"spread": 0.0, "repeats": 1}
    assert "acting       12.5 ms an action; measured once" in printed(DOCUMENT | {"acting": acting})
