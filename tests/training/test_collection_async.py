"""Episodes collected beside the updates: as many of both, by the agent as it was one block before."""

import threading
import time

import pytest
import torch

from coral_cli.registry.errors import CoralError
from coral_cli.training.collection_async import AsyncCollection
from coral_cli.training.collectors import OneByOne

from .walk import LENGTH, Run, Walk, agent


def weight_of(one):
    return one.representation.encoders["place"].layers[0].weight.detach().clone()


class Watched(OneByOne):
    """Notes which weights played, in which thread, and whether any do now; waits until it may begin."""

    def __init__(self, env=None):
        super().__init__(env or Walk())
        self.played, self.threads, self.may_begin, self.playing = [], [], threading.Event(), False
        self.may_begin.set()

    def exploring_episodes(self, one, seeds, stop):
        self.may_begin.wait()
        self.played.append(weight_of(one))
        self.threads.append(threading.current_thread())
        self.playing = True
        yield from super().exploring_episodes(one, seeds, stop)
        self.playing = False


def test_episodes_begin_with_the_weights_of_that_moment():
    learning, collector = agent(), Watched()
    collection = AsyncCollection(collector, agent(), lambda: False)
    assert collection.finish() is None  # nothing was begun
    before = weight_of(learning)
    collector.may_begin.clear()
    collection.begin(learning, [1, 2])
    with torch.no_grad():
        learning.representation.encoders["place"].layers[0].weight.add_(1.0)
    collector.may_begin.set()
    episodes = collection.finish()
    assert [episode.length for episode in episodes] == [LENGTH, LENGTH]
    assert torch.equal(collector.played[0], before) and collector.threads[0] is not threading.current_thread()
    assert collection.finish() is None
    collection.close()


def test_what_the_environment_raises_is_raised_when_the_episodes_are_wanted():
    class Broken(Walk):
        def step(self, action):
            raise CoralError("the arm fell off.")

    collection = AsyncCollection(Watched(Broken()), agent(), lambda: False)
    collection.begin(agent(), [1])
    with pytest.raises(CoralError, match="fell off"):
        collection.finish()
    collection.close()


def test_closing_gives_up_what_is_under_way():
    class Endless(Walk):
        def step(self, action):
            return (*super().step(action)[:2], False, False, {})

    collection = AsyncCollection(Watched(Endless()), agent(), lambda: False)
    collection.begin(agent(), [1])
    collection.close()
    assert collection.finish() == []


def test_a_run_has_the_schedule_of_one_that_collects_in_turn():
    run = Run(actor=agent(), collector=lambda _: Watched())
    run.trainer.run()
    collector = run.collector
    assert [event.step for event in run.of("episode")] == [18 * n for n in range(1, 11)]
    assert run.trainer.progress.updates == 5 * 9
    # The first of them plays as the agent is before any update, all others with one block of updates behind the newest.
    assert len(collector.played) == 8 and torch.equal(collector.played[0], weight_of(agent()))
    assert len({str(weight) for weight in collector.played}) == 8
    assert threading.current_thread() not in collector.threads


def test_nothing_is_collected_during_an_evaluation():
    """Both draw from the process's random numbers, so that neither would be repeatable."""

    class Slow(Walk):
        def step(self, action):
            time.sleep(0.02)
            return super().step(action)

    class Quiet(OneByOne):
        def evaluated(self, *arguments):
            playing.append(run.collector.playing)
            yield from super().evaluated(*arguments)

    playing = []
    run = Run(actor=agent(), eval_every=1, collector=lambda _: Watched(Slow()), evaluator=lambda _: Quiet(Walk()))
    run.trainer.run()
    assert len(playing) == 10 and not any(playing)


def test_an_interruption_ends_the_thread_too():
    class Stopped(Run):
        def emit(self, event):
            self.interruption.signal = 2 if event.step >= 72 else None

    run = Stopped(actor=agent())
    run.trainer.run()
    assert run.trainer.progress.steps == 72 and len(run.saved) >= 1
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("collecting")]
