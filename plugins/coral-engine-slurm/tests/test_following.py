"""Jobs in a queue that is played by hand: submitted once, followed by number, held back where that is asked for."""

import json
from pathlib import Path

import pytest

from coral_cli.plugin import Job, UsageError

pytest.importorskip("submitit")

from coral_engine_slurm.engine import SlurmEngine


class Played:
    """A queue whose states the test sets; ``calls`` are what it was asked."""

    name, about, every, lag, arrays = "slurm", "played", 0.0, 0.0, True

    def __init__(self):
        self.words, self.sizes, self.calls, self.broken = {}, [], [], None

    def send(self, attempts, most):
        first = len(self.words)
        numbers = [f"7_{first + index}" for index in range(len(attempts))]
        self.words |= dict.fromkeys(numbers, "PENDING")
        self.sizes.append((len(attempts), most))
        return numbers

    def states(self, numbers):
        if self.broken:
            raise OSError(self.broken)
        return {number: word for number, word in self.words.items() if word}

    def end(self, numbers, at_once):
        self.calls.append((list(numbers), at_once))


@pytest.fixture
def queue():
    return Played()


def jobs(folder: Path, *names: str, steps: int = 100) -> list[Job]:
    return [Job(name, ("train", name, str(steps)), folder, folder / f"{name}.log") for name in names]


def states(engine):
    return {name: status.state for name, status in engine.poll().items()}


def ended(folder, name, number, code, asked=False):
    said = {"job": number, "code": code, "asked": asked}
    (folder / "slurm" / "ended" / f"{name}.json").write_text(json.dumps(said))


@pytest.mark.parametrize(
    ("word", "left", "state", "reason"),
    [
        ("PENDING", None, "pending", ""),
        ("CONFIGURING", None, "pending", ""),
        ("REQUEUED", (143, True), "pending", ""),  # it was cut off, and Slurm has put it back
        ("RUNNING", None, "running", ""),
        ("COMPLETING", (0, False), "running", ""),
        ("COMPLETED", (0, False), "done", ""),
        ("COMPLETED", None, "done", ""),
        ("FAILED", (3, False), "failed", "exit code 3"),
        ("FAILED", (-11, False), "failed", "ended by SIGSEGV"),
        ("FAILED", (143, True), "preempted", "exit code 143"),
        ("FAILED", (1, True), "failed", "exit code 1"),
        ("FAILED", (143, False), "failed", "exit code 143"),  # nobody had asked for it
        ("OUT_OF_MEMORY", None, "failed", "OUT_OF_MEMORY in Slurm"),
        ("CANCELLED", (143, True), "failed", "cancelled in Slurm"),  # by somebody else
        ("CANCELLED", (0, True), "done", ""),
        ("TIMEOUT", None, "preempted", "TIMEOUT in Slurm"),
        ("NODE_FAIL", None, "preempted", "NODE_FAIL in Slurm"),
        (None, (0, False), "done", ""),  # Slurm has forgotten it
        (None, (3, False), "failed", "exit code 3"),
        (None, None, "preempted", "it is gone, and nobody knows why"),
    ],
)
def test_a_state_is_slurms_word_and_what_the_attempt_has_left(queue, tmp_path, word, left, state, reason):
    engine = SlurmEngine(queue, tmp_path, None, 1)
    engine.submit(jobs(tmp_path, "a"))
    if left:
        ended(tmp_path, "a", "7_0", *left)
    queue.words["7_0"] = word
    status = engine.poll()["a"]
    assert status.state == state and status.reason.startswith(reason) and bool(status.reason) == bool(reason)


def test_what_another_job_has_left_is_nothing(queue, tmp_path):
    engine = SlurmEngine(queue, tmp_path, None, 1)
    engine.submit(jobs(tmp_path, "a"))
    ended(tmp_path, "a", "6_0", 0)
    queue.words["7_0"] = "FAILED"
    assert states(engine) == {"a": "failed"}


def test_a_file_that_is_not_seen_yet_is_waited_for(queue, tmp_path):
    queue.lag = 1000
    engine = SlurmEngine(queue, tmp_path, None, 1)
    engine.submit(jobs(tmp_path, "a"))
    queue.words["7_0"] = "FAILED"
    assert states(engine) == {"a": "running"}
    ended(tmp_path, "a", "7_0", 143, True)
    assert states(engine) == {"a": "preempted"}


def test_another_process_submits_only_what_is_not_there(queue, tmp_path):
    first = SlurmEngine(queue, tmp_path, None, 1)
    first.submit(jobs(tmp_path, "a", "b", "c", "d"))
    first.close()
    queue.words |= {"7_0": "RUNNING", "7_2": None, "7_3": None}
    ended(tmp_path, "d", "7_3", 3)
    second = SlurmEngine(queue, tmp_path, None, 1)
    second.submit(jobs(tmp_path, "a", "b", "c", "d"))
    assert queue.sizes == [(4, 4), (2, 2)] and queue.words["7_5"] == "PENDING"
    queue.words |= {"7_0": "COMPLETED", "7_4": "RUNNING"}
    assert states(second) == {"a": "done", "b": "pending", "c": "running", "d": "pending"}


def test_a_job_with_another_command_has_to_end_first(queue, tmp_path):
    first = SlurmEngine(queue, tmp_path, 5, 1)
    first.submit(jobs(tmp_path, "a"))
    second = SlurmEngine(queue, tmp_path, 5, 1)
    second.submit(jobs(tmp_path, "a", steps=200))
    assert states(second) == {"a": "pending"} and len(queue.sizes) == 1
    queue.words["7_0"] = "COMPLETED"
    assert states(second) == {"a": "pending"} and len(queue.sizes) == 2
    queue.words["7_1"] = "COMPLETED"
    assert states(second) == {"a": "done"}


def test_at_most_so_many_at_a_time_also_when_one_comes_back(queue, tmp_path):
    engine = SlurmEngine(queue, tmp_path, 2, 1)
    engine.submit(jobs(tmp_path, "a", "b", "c"))
    assert queue.sizes == [(3, 2)]  # an array, of which two at a time
    queue.words["7_0"] = "NODE_FAIL"
    assert states(engine)["a"] == "preempted"
    engine.submit(jobs(tmp_path, "a"))
    assert states(engine)["a"] == "pending" and len(queue.sizes) == 1
    queue.words["7_1"] = "COMPLETED"
    engine.poll()
    assert queue.sizes == [(3, 2), (1, 2)] and states(engine) == {"a": "pending", "b": "done", "c": "pending"}


def test_more_than_an_array_holds_are_several(queue, tmp_path):
    SlurmEngine(queue, tmp_path, None, 1).submit(jobs(tmp_path, *(f"run{number}" for number in range(2001))))
    assert queue.sizes == [(1000, 1000), (1000, 1000), (1, 1)]


def test_cancelling_calls_back_what_waits_and_what_comes_back(queue, tmp_path):
    engine = SlurmEngine(queue, tmp_path, 2, 1)
    engine.submit(jobs(tmp_path, "a", "b"))
    queue.words["7_0"] = "RUNNING"
    engine.submit(jobs(tmp_path, "c"))  # there is no room for it
    engine.cancel(at_once=False)
    assert states(engine) == {"a": "running", "b": "pending", "c": "preempted"}
    assert queue.calls[0] == (["7_0", "7_1"], False) and len(queue.calls) == 2  # said again: one may have begun
    ended(tmp_path, "a", "7_0", 143, True)
    queue.words |= {"7_0": "FAILED", "7_1": "CANCELLED"}
    assert states(engine) == {"a": "preempted", "b": "preempted", "c": "preempted"}
    engine.cancel(at_once=True)
    assert len(queue.calls) == 2 and len(queue.sizes) == 1


def test_slurm_may_be_silent_for_a_while(queue, tmp_path, monkeypatch):
    engine = SlurmEngine(queue, tmp_path, None, 1)
    engine.submit(jobs(tmp_path, "a"))
    queue.broken = "squeue: Socket timed out"
    assert states(engine) == {"a": "pending"}
    engine.submit(jobs(tmp_path, "b"))
    assert states(engine) == {"a": "pending", "b": "pending"} and len(queue.sizes) == 1
    queue.broken = None
    assert states(engine) == {"a": "pending", "b": "pending"} and len(queue.sizes) == 2
    queue.broken = "squeue: Socket timed out"
    monkeypatch.setattr("coral_engine_slurm.engine.SILENCE", 0.0)
    with pytest.raises(UsageError, match="Socket timed out"):
        engine.poll()


def test_nothing_is_submitted_before_slurm_has_answered(queue, tmp_path):
    queue.broken = "squeue: Unable to contact slurm controller"
    with pytest.raises(UsageError, match="no answer"):
        SlurmEngine(queue, tmp_path, None, 1).submit(jobs(tmp_path, "a"))
    assert queue.sizes == []


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"cluster": "slurm"}',
        '{"cluster": "slurm", "jobs": {"a": ["1; rm", "x"]}}',
        '{"cluster": "slurm", "jobs": {"a": []}}',
    ],
)
def test_damaged_numbers_are_not_guessed(queue, tmp_path, content):
    (tmp_path / "slurm").mkdir()
    (tmp_path / "slurm" / "jobs.json").write_text(content)
    with pytest.raises(UsageError, match="is damaged"):
        SlurmEngine(queue, tmp_path, None, 1)


def test_jobs_in_another_queue_are_not_forgotten(queue, tmp_path):
    SlurmEngine(queue, tmp_path, None, 1).submit(jobs(tmp_path, "a"))
    queue.name = "local"
    with pytest.raises(UsageError, match=r"not submitted with --slurm\.cluster local"):
        SlurmEngine(queue, tmp_path, None, 1)
