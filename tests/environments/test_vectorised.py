"""Copies in other processes: their own seeds, their own ends, and what happens when one of them fails."""

import itertools
import os
import signal
import subprocess
import sys
import time
from functools import partial
from multiprocessing.context import SpawnProcess
from pathlib import Path

import numpy as np
import pytest

from coral_cli.environments.vectorised import GivenUpError, Vectorised
from coral_cli.registry.errors import CoralError

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def toys():
    """The toys, under a name by which the workers can import them as well."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(HERE))
        import vectorised_toys

        yield vectorised_toys


@pytest.fixture(scope="module")
def pair(toys):
    env = Vectorised(toys.Walk, 2)
    yield env
    env.close()


def actions(step):
    return np.random.default_rng(step).uniform(-1, 1, (2, 2)).astype(np.float32)


def test_each_copy_is_what_one_alone_would_be_with_its_seed(pair, toys):
    seeds = [7, 3]  # 5 steps each
    alone = [toys.Walk(), toys.Walk()]
    expected = [env.reset(seed=seed) for env, seed in zip(alone, seeds, strict=True)]
    observations, infos = pair.reset(seeds)
    for step in range(5):
        for index, (observation, info) in enumerate(expected):
            assert {name: value[index].tolist() for name, value in observations.items()} == {
                name: value.tolist() for name, value in observation.items()
            }
            assert infos[index] == info
        chosen = actions(step)
        observations, rewards, terminated, truncated, infos = pair.step(chosen)
        results = [env.step(action) for env, action in zip(alone, chosen, strict=True)]
        assert rewards.tolist() == [result[1] for result in results]
        assert terminated.tolist() == [result[2] for result in results]
        assert truncated.tolist() == [False, False]
        expected = [(result[0], result[4]) for result in results]
    assert terminated.tolist() == [True, True] and infos[0]["metrics"] == {"success": False, "steps": 5}
    assert observations["picture"].shape == (2, 2, 4, 3) and observations["picture"].dtype == np.uint8
    assert pair.action_repeat == 3 and pair.action_space == toys.Walk.action_space
    assert pair.observation_space == toys.Walk.observation_space


def test_a_finished_copy_waits_until_it_is_reset(pair):
    pair.reset([4, 3])  # 2 and 5 steps
    for step in range(2):
        observations, _, _, truncated, _ = pair.step(actions(step))
    assert truncated.tolist() == [True, False] and pair.running.tolist() == [False, True]
    last = observations["total"].copy()
    observations, rewards, terminated, truncated, infos = pair.step(actions(2))
    assert (observations["total"][0] == last[0]).all() and (observations["total"][1] != last[1]).any()
    assert rewards[0] == 0 and not terminated[0] and not truncated[0] and infos[0] == {}
    last = observations["total"].copy()
    observations, infos = pair.reset_some({0: 5})
    assert (observations["total"][0] != last[0]).any() and (observations["total"][1] == last[1]).all()
    assert pair.running.all()


def test_a_copy_without_a_seed_begins_nothing(pair):
    pair.reset([4, 4])
    pair.reset([4, None])
    assert pair.running.tolist() == [True, False]


def test_observations_are_views_that_the_next_step_overwrites(pair):
    first, _ = pair.reset([3, 3])
    kept = first["total"].copy()
    second = pair.step(actions(0))[0]
    assert np.shares_memory(first["total"], second["total"]) and (first["total"] != kept).all()


def test_a_copy_may_have_processes_of_its_own(toys):
    env = Vectorised(toys.Simulated, 2)
    env.reset([3, 3])
    started = {info["simulator"] for info in env.step(actions(0))[4]}
    assert len(started) == 2 and all(map(_runs, started))
    env.close()
    assert not any(map(_runs, started))


def _runs(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_copies_step_at_the_same_time(toys, tmp_path):
    env = Vectorised(partial(toys.Meeting, tmp_path), 2)
    env.reset([3, 3])
    env.step(actions(0))
    env.close()


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("make", "copy 0 of the environment raised ValueError: no such room"),
        ("raise", "copy 0 of the environment raised ValueError: the floor is gone"),
        ("lie", "copy 0 of the environment raised .*(pickle|local object)"),
        ("exit", "copy 0 of the environment raised SystemExit: 0"),
    ],
)
def test_what_goes_wrong_in_a_worker_is_told(toys, fault, message):
    with pytest.raises(CoralError, match=message) as caught:
        env = Vectorised(partial(toys.Faulty, fault), 1)
        env.reset([1])
        for step in range(2):
            env.step(actions(step))
    assert "vectorised_toys.py" in caught.value.__notes__[0] or fault == "lie"
    if fault != "make":
        assert not env.workers[0].is_alive()
        with pytest.raises(CoralError, match="are closed"):
            env.reset([1])
        env.close()


@pytest.mark.parametrize(
    ("fault", "patience", "how"), [("die", 0, "died (SIGKILL)"), ("sleep", 600, "gave no answer for 600 s")]
)
def test_a_copy_that_is_lost_is_replaced_when_it_is_reset(toys, tmp_path, monkeypatch, fault, patience, how):
    env = Vectorised(partial(toys.Mortal, tmp_path, fault), 1, "the toy", patience)
    env.reset([3])
    old = env.workers[0].pid
    assert env.step(actions(0)[:1])[1] != 0 and env.lost == {}
    with monkeypatch.context() as patched:
        if fault == "sleep":  # once it does, the patience is over at every look at the clock
            clock, later = time.monotonic, itertools.count(patience, patience)
            patched.setattr(time, "monotonic", lambda: clock() + (next(later) if list(tmp_path.iterdir()) else 0))
        observations, rewards, terminated, truncated, infos = env.step(actions(1)[:1])
    assert env.lost == {0: how} and not env.running[0]
    assert (rewards[0], terminated[0], truncated[0], infos[0]) == (0.0, False, False, {})
    assert env.workers[0].pid == old and env.remarks == []
    with pytest.raises(ProcessLookupError):
        os.kill(old, 0)
    alone = toys.Walk()
    expected = alone.reset(seed=4)[0]
    env.reset([4])
    assert env.remarks == [
        f"copy 0 of the toy {how}; a new one is in its place (1 so far), and its episode begins anew."
    ]
    for step in range(2):  # through the same memory as the old one
        assert env.lost == {} and observations["total"][0].tolist() == expected["total"].tolist()
        expected = alone.step(actions(step)[0])[0]
        env.step(actions(step)[:1])
    env.close()


def test_nobody_waits_for_a_copy_that_hangs_once_its_answer_is_unwanted(toys, tmp_path):
    env = Vectorised(partial(toys.Mortal, tmp_path, "sleep"), 1, "the toy", 600)
    env.stop = lambda: bool(list(tmp_path.iterdir()))  # once it sleeps
    env.reset([3])
    env.step(actions(0)[:1])
    with pytest.raises(GivenUpError):
        env.step(actions(1)[:1])
    assert env.workers[0].exitcode == -signal.SIGKILL and env.remarks == []


def test_a_copy_that_is_not_made_in_time_is_an_error(toys, tmp_path):
    with pytest.raises(CoralError, match=r"copy 0 of the toy gave no answer for 0\.05 s\."):
        Vectorised(toys.Walk, 1, "the toy", 0.05)


def test_close_does_not_wait_for_a_worker_that_is_busy(toys, tmp_path):
    def interrupted():
        if list(tmp_path.iterdir()):  # it sleeps
            raise KeyboardInterrupt
        return False

    env = Vectorised(partial(toys.Mortal, tmp_path, "sleep"), 1)
    env.stop = interrupted
    env.reset([1])
    env.step(actions(0)[:1])
    with pytest.raises(KeyboardInterrupt):
        env.step(actions(1)[:1])
    env.close()
    assert env.workers[0].exitcode == -signal.SIGKILL  # it would have ended by itself had it been waited for


@pytest.fixture
def heard():
    """Ctrl-C interrupts, also where a shell has started the tests in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it may fall between a pipe's two ends
def test_ctrl_c_while_the_workers_start_ends_them(toys, heard, monkeypatch):
    started, start = [], SpawnProcess.start

    def interrupted(worker):
        start(worker)
        started.append(worker)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(SpawnProcess, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Vectorised(toys.Walk, 2)
    assert [worker.is_alive() for worker in started] == [False]
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ())  # the next Ctrl-C is heard


INTERRUPTED = """
import sys, time
import numpy as np
import vectorised_toys
from coral_cli.environments.vectorised import Vectorised

if __name__ == "__main__":
    env = Vectorised(vectorised_toys.Walk, 2)
    env.reset([3, 3])
    try:
        print(*(worker.pid for worker in env.workers), flush=True)
        time.sleep(600)
    except KeyboardInterrupt:
        print(env.step(np.zeros((2, 2), np.float32))[2], flush=True)
"""


def test_ctrl_c_is_the_parents_alone_and_its_exit_ends_the_workers(heard, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(INTERRUPTED, encoding="utf-8")
    path = os.pathsep.join([str(HERE), *filter(None, sys.path)])
    with subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as child:
        workers = [int(word) for word in child.stdout.readline().split()]
        os.killpg(child.pid, signal.SIGINT)
        output, errors = child.communicate(timeout=200)
    assert (output, errors, child.returncode) == ("[False False]\n", "", 0)
    assert len(workers) == 2
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)
