"""Jobs on a cluster of three machines, which are processes of this one. Skipped where Ray is not installed."""

import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from coral_cli.plugin import Job, JobStatus
from coral_cli.testing import check_engine, run
from coral_engine_ray import RayOptions, coral_engines

(RECORD,) = coral_engines()
pytestmark = [pytest.mark.timeout(900), pytest.mark.filterwarnings("ignore")]

STUB = """
import os, pathlib, signal, sys, time
name = sys.argv[1]
def save(*_):
    pathlib.Path(name + "-saved").touch()
    sys.exit(143)
signal.signal(signal.SIGTERM, save)
resumed = os.path.exists(name + "-worker")
pathlib.Path(name + "-part").write_text(f"{os.getppid()} {os.getpid()}")
os.rename(name + "-part", name + "-worker")
print("resumed" if resumed else "new", os.environ["OMP_NUM_THREADS"], flush=True)
if "fails" in name:
    sys.exit(3)
while not resumed and not os.path.exists("go"):
    time.sleep(0.1)
"""
ENVIRONMENT = """
import os, time
import gymnasium
import numpy as np


class Still(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-1, 1, (3,), np.float32)
    action_space = gymnasium.spaces.Box(-1, 1, (1,), np.float32)

    def reset(self, *, seed=None, options=None):
        with open("still-part", "w") as file:
            file.write(str(os.getppid()))
        os.replace("still-part", "still-worker")
        self.left = 8
        return np.zeros(3, np.float32), {}

    def step(self, action):
        time.sleep(0.1 if os.path.exists("slow") else 0)
        self.left -= 1
        return np.zeros(3, np.float32), 0.5, False, self.left == 0, {}


class Falls(Still):
    def reset(self, *, seed=None, options=None):
        raise RuntimeError("it fell")
"""
TRAINING = (
    "--size tiny --random-episodes 1 --updates-per-step 0.1 --eval-every 1 --eval-episodes 1 --batch-length 4 "
    "--batch-size 2 --checkpoint-every 1 --steps 160"
)


class Three:
    """A head that runs nothing, and three machines of one CPU each."""

    def __init__(self, folder: str) -> None:
        from ray.cluster_utils import Cluster

        self._own = {"object_store_memory": 80_000_000, "include_dashboard": False}
        self._cluster = Cluster(True, head_node_args={**self._own, "num_cpus": 0, "temp_dir": folder})
        self.options = RayOptions(address=self._cluster.address)
        self.nodes = [self.add() for _ in range(3)]

    def add(self):
        return self._cluster.add_node(**self._own, num_cpus=1)

    def lose_machine_of(self, worker: int) -> None:
        """Kill the machine that a worker runs on, and put another in its place."""
        parent = int(Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[1])
        (node,) = [one for one in self.nodes if parent in (info.process.pid for info in one.all_processes["raylet"])]
        self._cluster.remove_node(node, allow_graceful=False)
        self.nodes.remove(node)
        self.nodes.append(self.add())

    def close(self) -> None:
        self._cluster.shutdown()


@pytest.fixture(scope="module")
def three() -> Iterator[Three]:
    pytest.importorskip("ray")
    short = tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True)  # for sockets, whose paths are short
    with short as folder, closing(Three(folder)) as cluster:
        yield cluster


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in (str(tmp_path), *sys.path) if path))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "still_env", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@contextmanager
def engine_of(three: Three, place: Path, most: int | None = None, **options):
    with closing(RECORD.build(RayOptions(three.options.address, **options), place, most)) as engine:
        yield engine


def jobs(place: Path, *names: str) -> list[Job]:
    return [Job(name, (sys.executable, "-c", STUB, name), place, place / f"{name}.log") for name in names]


def states(engine) -> dict[str, str]:
    return {name: status.state for name, status in engine.poll().items()}


def until(met) -> None:
    end = time.monotonic() + 200
    while not met():
        assert time.monotonic() < end
        time.sleep(0.1)


def worker(name: str) -> int:
    return int(Path(f"{name}-worker").read_text().split()[0])


def test_the_contract_holds(three: Three) -> None:
    check_engine(RECORD, three.options)


def test_three_run_one_waits_and_one_fails(three: Three, place: Path) -> None:
    with engine_of(three, place, cpus=1) as engine:
        assert engine.about == "1 CPU each, on Ray: 3 machines with 3 CPUs"
        engine.submit(jobs(place, "a", "b", "c", "d-fails"))
        until(lambda: list(states(engine).values()).count("running") == 3)
        assert states(engine) == {"a": "running", "b": "running", "c": "running", "d-fails": "pending"}
        Path("go").touch()
        until(lambda: not {"running", "pending"} & set(states(engine).values()))
        assert states(engine) == {"a": "done", "b": "done", "c": "done", "d-fails": "failed"}
        assert engine.poll()["d-fails"].reason == "exit code 3"
    assert Path("a.log").read_text() == "new 1\n"
    assert sorted(path.suffix for path in place.iterdir() if path.name.startswith("ray")) == []


def test_what_no_machine_has_is_said_and_waits(three: Three, place: Path) -> None:
    with engine_of(three, place, cpus=2, memory=0.25) as engine:
        said = "2 CPUs, 0.25 GiB each, on Ray: 3 machines with 3 CPUs, none of which has that now"
        assert engine.about == said
        engine.submit(jobs(place, "a"))
        assert states(engine) == {"a": "pending"}
        engine.cancel(at_once=False)
        assert states(engine) == {"a": "preempted"}


@pytest.mark.parametrize("lost", ["worker", "machine"])
def test_what_loses_its_worker_or_its_machine_is_preempted_and_goes_on_elsewhere(
    three: Three, place: Path, lost: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with engine_of(three, place) as engine:
        engine.submit(jobs(place, "a"))
        until(lambda: states(engine)["a"] == "running" and Path("a-worker").exists())
        first = worker("a")
        if lost == "worker":
            os.kill(first, signal.SIGKILL)
        else:
            three.lose_machine_of(first)
        until(lambda: states(engine)["a"] != "running")
        status = engine.poll()["a"]
        assert (
            status.state == "preempted" and status.reason.startswith("its worker on ") and " was lost" in status.reason
        )
        engine.submit(jobs(place, "a"))
        until(lambda: states(engine)["a"] == "done")
        print(status.reason, file=sys.stderr)
    assert capsys.readouterr().out == ""
    assert worker("a") != first and Path("a.log").read_text() == "new 1\nresumed 1\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_what_its_machine_ends_is_preempted(three: Three, place: Path, number: signal.Signals) -> None:
    with engine_of(three, place) as engine:
        engine.submit(jobs(place, "a"))
        until(lambda: states(engine) and Path("a-worker").exists())
        os.kill(int(Path("a-worker").read_text().split()[1]), number)
        until(lambda: states(engine)["a"] not in ("pending", "running"))
        assert engine.poll()["a"] == JobStatus("preempted", f"ended by {number.name}")


def test_what_runs_saves_when_it_is_cancelled(three: Three, place: Path) -> None:
    with engine_of(three, place) as engine:
        engine.submit(jobs(place, "a", "b", "c", "d"))
        until(lambda: states(engine) and all(Path(f"{name}-worker").exists() for name in "abc"))
        engine.cancel(at_once=False)
        until(lambda: set(states(engine).values()) == {"preempted"})
        assert all(Path(f"{name}-saved").exists() for name in "abc") and not Path("d.log").exists()


def test_no_cluster_is_one_sentence(place: Path) -> None:
    pytest.importorskip("ray")
    outcome = run("sweep --env toy --on ray --ray.address 127.0.0.1:1 --out sweep -- --steps 40 --size tiny", [RECORD])
    assert outcome.code == 2 and not Path("sweep").exists()
    assert "error: no Ray cluster can be reached at 127.0.0.1:1: " in outcome.err
    assert "hint: Start one with `ray start --head`, or name one with --ray.address HOST:PORT." in outcome.err


def test_a_sweep_goes_on_when_a_worker_is_killed_and_when_a_run_fails(three: Three, place: Path) -> None:
    (place / "still_env.py").write_text(ENVIRONMENT)
    Path("slow").touch()

    def kill() -> None:
        until(lambda: any(Path("sweep").glob("*Still*/checkpoints/latest.pt")))
        os.kill(worker("still"), signal.SIGKILL)
        Path("slow").unlink()

    killer = threading.Thread(target=kill)
    killer.start()
    line = "sweep --env still_env:Still --env still_env:Falls --on ray --jobs 2 --out sweep --json"
    outcome = run(f"{line} --ray.address {three.options.address} -- {TRAINING}", [RECORD])
    killer.join()
    assert not Path("slow").exists(), "nothing was killed"
    (path,) = Path("sweep").glob("*Still*/metrics.jsonl")
    assert outcome.code == 1, outcome.err
    assert "error: 1 of 2 runs has failed: " in outcome.err and "it fell" in outcome.err
    plan, *_, end = map(json.loads, outcome.out.splitlines())
    assert plan["engine"] == "ray" and (end["done"], end["failed"]) == (1, 1)
    events = [json.loads(text) for text in path.read_text().splitlines()]
    starts = [event for event in events if event["kind"] == "start"]
    assert [start["values"]["resumed"] for start in starts] == [False, True] and starts[1]["step"] > 0
    assert events[-1]["kind"] == "end" and events[-1]["step"] >= 160
