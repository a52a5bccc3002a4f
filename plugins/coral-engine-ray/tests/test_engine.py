"""What holds without Ray: options, what a worker does with a job, and what is said where Ray is missing."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from coral_cli.plugin import UsageError
from coral_cli.testing import run
from coral_engine_ray import RayOptions, build, coral_engines
from coral_engine_ray.attempt import Attempt

(RECORD,) = coral_engines()
STAYS = "import os, time; open('pid', 'w').write(str(os.getpid())); os.rename('pid', 'begun'); time.sleep(600)"
HOLDS = """
import sys
from coral_engine_ray.attempt import Attempt
Attempt().run([sys.executable, "-c", sys.argv[1]], ".", "log", {}, ("mark", "text"))
"""


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    (tmp_path / "mark").write_text("text")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def attempt(*words, own=None, text="text", directory=".", to=None):
    return (to or Attempt()).run(words, directory, "log", own or {}, ("mark", text))


def python(program):
    return sys.executable, "-c", program


def until(met):
    end = time.monotonic() + 200
    while not met():
        assert time.monotonic() < end
        time.sleep(0.05)


def alive(pid):
    """Whether a process runs; one that is dead and that nobody has asked for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_what_a_run_takes_is_said():
    assert str(RayOptions()) == "1 CPU"
    assert str(RayOptions(cpus=4, gpus=0.5, memory=12)) == "4 CPUs, 0.5 GPU, 12 GiB"
    assert str(RayOptions(gpus=2)) == "1 CPU, 2 GPUs"


def test_no_run_has_one_and_a_half_gpus(place):
    with pytest.raises(UsageError, match=r"no run can have 1\.5 GPUs"):
        build(RayOptions(gpus=1.5), place, None)


@pytest.mark.parametrize("wrong", ["--ray.cpus 0", "--ray.gpus -1", "--ray.memory -2"])
def test_what_nothing_can_take_is_refused(wrong):
    outcome = run(f"sweep --env toy --on ray {wrong} --dry-run", [RECORD])
    assert outcome.code == 2 and "must be at least" in outcome.err


def test_a_dry_run_asks_no_cluster():
    outcome = run("sweep --env toy --seeds 2 --on ray --dry-run -- --steps 40 --size tiny", [RECORD])
    assert outcome.code == 0 and "how long that takes is not known" in outcome.out, outcome.err


def test_without_ray_a_sentence_says_so(monkeypatch):
    for module in ("engine", "cluster"):
        monkeypatch.delitem(sys.modules, f"coral_engine_ray.{module}", raising=False)
    monkeypatch.setitem(sys.modules, "ray", None)
    outcome = run("sweep --env toy --on ray --out sweep -- --steps 40 --size tiny", [RECORD])
    assert outcome.code == 3
    assert "error: the engine ray needs Ray, which cannot be imported" in outcome.err
    assert "hint: pip install ray, or leave out --on ray." in outcome.err
    assert not Path("sweep").exists()


def test_a_command_ends_as_it_ends_and_its_words_are_appended_to_the_log():
    Path("log").write_text("before\n")
    own = {"OMP_NUM_THREADS": "3"}
    speaks = "import os, sys; print(os.environ['OMP_NUM_THREADS'], 'PATH' in os.environ); print('two', file=sys.stderr)"
    assert attempt(*python(speaks), own=own) == (0, "")
    assert attempt(*python("import sys; sys.exit(3)")) == (3, "")
    assert sorted(Path("log").read_text().splitlines()) == ["3 True", "before", "two"]


def test_a_directory_that_is_not_shared_is_told_from_one_of_the_same_name(place):
    for text, name in (("another sweep's", "mark"), ("text", "nowhere")):
        code, why = Attempt().run(python("open('here', 'w')"), ".", "log", {}, (str(place / name), text))
        assert code is None and why.endswith(f"does not see {place}: all machines must share it")
    assert not Path("here").exists()


def test_what_cannot_be_started_is_said():
    assert attempt("/no/such/python") == (127, "")
    assert "error: /no/such/python cannot be started on " in Path("log").read_text()
    code, why = attempt(*python(""), directory="gone")
    assert code is None and "(No such file or directory: gone)" in why


def test_signals_reach_the_command_though_its_worker_blocks_them():
    program = "import signal, time; signal.signal({0}, lambda *_: exit(128 + {0})); open('ready', 'w'); time.sleep(600)"
    for number in (signal.SIGTERM, signal.SIGINT):
        one, ended = Attempt(), []

        def blocked(one=one, number=number, ended=ended):
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
            ended.append(attempt(*python(program.format(int(number))), to=one))

        thread = threading.Thread(target=blocked)
        thread.start()
        until(Path("ready").exists)
        one.signal(number)
        thread.join()
        assert ended == [(128 + number, "")]
        Path("ready").unlink()


def test_a_signal_that_comes_too_early_is_not_lost():
    one = Attempt()
    one.signal(signal.SIGKILL)
    assert attempt(*python("import time; time.sleep(600)"), to=one) == (-signal.SIGKILL, "")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with the one that started it")
def test_nothing_goes_on_when_the_worker_is_killed():
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen([sys.executable, "-c", HOLDS, STAYS], env=environ) as worker:
        until(Path("begun").exists)
        pid = int(Path("begun").read_text())
        assert alive(pid)
        worker.kill()
    until(lambda: not alive(pid))
