"""What comes with coral keeps its contracts, and each breach is told by the check that is meant for it."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

import gymnasium
import numpy as np
import pytest
import torch

from coral_cli.plugin import (
    Check,
    Command,
    Distraction,
    Encoder,
    Environment,
    Loss,
    LossOptions,
    Objective,
    ObjectiveOptions,
    Observer,
    Policy,
    Rssm,
)
from coral_cli.policies.options import ImaginationOptions, SacOptions
from coral_cli.policies.random import RandomActions
from coral_cli.testing import TOY_ENVIRONMENT, ConformanceError, check
from coral_cli.testing.running import catalog_of
from coral_cli.testing.toys import ToyEnvironment, toy_rssm

from . import broken, broken_engines
from .broken_engines import engine

OPTIONS = {"sac": SacOptions(hidden=8, layers=1), "imagination": ImaginationOptions(hidden=8, layers=1)}
"""For what is too large to be checked quickly as it is."""
ENVIRONMENTS = {"box-push", "cartpole-swingup"}
"""The others are built in the same ways."""
BUILT_IN = [
    entry.record
    for entry in catalog_of()
    if entry.record.name not in ("toy", "video")
    and (entry.record.kind != "environment" or entry.record.name in ENVIRONMENTS)
]


@pytest.mark.parametrize("record", BUILT_IN, ids=lambda record: f"{record.kind}-{record.name}")
def test_what_comes_with_coral_keeps_its_contract(record) -> None:
    check(record, OPTIONS.get(record.name))


def test_videos_of_a_folder_keep_the_contract(tmp_path) -> None:
    from coral_cli.runs.video import write_video

    for index in range(2):
        frames = [np.full((48, 64, 3), 40 * index + 10 * step, np.uint8) for step in range(6)]
        write_video(tmp_path / f"{index}.mp4", frames, 30)
    record = next(entry.record for entry in catalog_of() if entry.record.name == "video")
    check(record, replace(record.options, folder=str(tmp_path)))
    with pytest.raises(ConformanceError, match="change: the distraction video needs a folder"):
        check(record)


def test_a_toy_passes_where_others_are_measured() -> None:
    check(loss(broken.GoodLoss))
    check(encoder(broken.GoodEncoder))


def building(module):
    return lambda *_: module()


def loss(module, **given) -> Loss:
    return Loss(**{"name": "mine", "summary": "Mine.", "build": building(module), "sensors": ("vector",), **given})


def encoder(module) -> Encoder:
    return Encoder("mine", "Mine.", building(module), sensors=("vector",))


def rssm(**methods) -> Rssm:
    def build(options, embedding_size, action_size):
        module = toy_rssm(options, embedding_size, action_size)
        for name, method in methods.items():
            setattr(module, name, method(module, getattr(module, name, None)))
        return module

    return Rssm("mine", "Mine.", build)


def policy(**methods) -> Policy:
    def build(options, inputs, action_size):
        module = Learner(inputs.size, action_size)
        for name, method in methods.items():
            setattr(module, name, method.__get__(module))
        return module

    return Policy("mine", "Mine.", build)


class Learner(RandomActions):
    """Learns to act as it has acted."""

    def __init__(self, inputs: int, action_size: int) -> None:
        super().__init__(action_size)
        self.layer = torch.nn.Linear(inputs, action_size)
        self._optimizer = torch.optim.SGD(self.parameters(), 0.1)

    def act(self, features, explore):
        return self.layer(features).tanh()

    def update(self, experience):
        error = (self.act(experience.features, True) - experience.actions).square().sum(-1)
        error = error if experience.mask is None else error * experience.mask
        self._optimizer.zero_grad()
        error.mean().backward()
        self._optimizer.step()
        return {"error": error.mean().detach()}

    def optimizers(self):
        return {"all": self._optimizer}


def unmasked(self, experience):
    return Learner.update(self, replace(experience, mask=None))


def needs_single(self, experience):
    torch.zeros(1, 2).addmm_(self.layer(experience.features[:1, 0]), torch.eye(2))
    return Learner.update(self, experience)


def half_states(module, scan):
    """Scans with states in autocast's precision."""

    def changed(*given):
        trajectory = scan(*given)
        half = torch.is_autocast_enabled("cpu")
        return replace(trajectory, h=trajectory.h.bfloat16()) if half else trajectory

    return changed


def in_place(self, experience):
    found = Learner.update(self, experience)
    experience.rewards.zero_()
    return found


def environment(**attributes) -> Environment:
    def build(options, rendering):
        env = ToyEnvironment(rendering)
        vars(env).update(attributes)
        return env

    return replace(TOY_ENVIRONMENT, name="mine", build=build)


def distraction(change, **given) -> Distraction:
    module = SimpleNamespace(begin=lambda random, scene: None, prepare=lambda scene: None, change=change)
    return Distraction("mine", "Mine.", lambda *_: module, **given)


class CarriedOver:
    """Gets darker from episode to episode."""

    shift = 0

    def begin(self, random, scene):
        self.shift += 1

    def prepare(self, scene):
        pass

    def change(self, value, scene):
        return value - np.uint8(self.shift)


def observer(call=lambda event: None, close=lambda: None) -> Observer:
    class Mine:
        def __call__(self, event):
            call(event)

        def close(self):
            close()

    return Observer("mine", "Mine.", lambda options, run: Mine())


def new_file_only(options, run):
    (run / "mine").mkdir()
    return observer().build(options, run)


BROKEN = {
    "name": (loss(broken.GoodLoss, name="My Loss"), "name and summary: the name 'My Loss' does not fit"),
    "summary": (loss(broken.GoodLoss, summary="mine"), "name and summary: the summary is 'mine'."),
    "thawed": (replace(encoder(broken.GoodEncoder), options=broken.Thawed()), "options: the options can be changed."),
    "no help": (loss(broken.GoodLoss, options=broken.NoHelp()), "options: TypeError was raised: option 'depth' needs"),
    "bounds": (loss(broken.GoodLoss, options=broken.OutOfBounds()), "options: depth is 3, but must be at least 4."),
    "weight": (loss(broken.GoodLoss, options=broken.NoWeight()), "options: the options lack `weight`."),
    "no module": (loss(dict), r"build: build returned dict \(vector\). Return a torch.nn.Module."),
    "not scalar": (loss(broken.NotScalar), "output: the loss is no scalar tensor."),
    "no metrics": (loss(broken.NoMetrics), "output: calling it gives Tensor."),
    "not finite": (loss(broken.NotFinite), "output: the loss is not finite."),
    "raises": (loss(broken.Raises), r"output: RuntimeError was raised: out of cheese \(vector\). Mend .*broken.py:\d+"),
    "detached": (loss(broken.Detached), "gradient: no gradient reaches the RSSM."),
    "only encoder": (loss(broken.OnlyEncoder), "gradient: no gradient reaches the RSSM."),
    "unmasked": (loss(broken.Unmasked), "mask: the loss depends on steps where the mask is false."),
    "empty mask": (loss(broken.EmptyMask), "mask: the loss is not finite when no step is valid."),
    "needs many": (loss(broken.NeedsMany), "batch of one: the loss of one sequence of two steps is not finite."),
    "single only": (loss(broken.NeedsSingle), "half precision: .* was raised: "),
    "forgetful": (loss(broken.Forgetful), "seed: the loss differs from call to call"),
    "in place": (loss(broken.InPlace), "inputs: an input is changed in place."),
    "hidden": (loss(broken.Hidden), "state: the loss changes when its state is loaded again."),
    "unsized": (encoder(broken.Unsized), "build: size is None."),
    "wrong size": (encoder(broken.WrongSize), "output: the embedding is torch.float32 of shape"),
    "no gradient": (encoder(broken.NoGradient), "gradient: the embedding has no gradient."),
    "across batch": (encoder(broken.AcrossBatch), "one by one: an embedding depends on the other observations"),
    "large difference": (encoder(broken.LargeDifference), "half precision: the embedding in bf16 is far from that"),
    "zeroes input": (encoder(broken.ZeroesInput), "inputs: an input is changed in place."),
    "hidden weight": (encoder(broken.HiddenEncoder), "state: the embedding changes when its state is loaded again."),
    "no hidden size": (rssm(hidden_size=lambda module, _: 0), "build: hidden_size is 0."),
    "predict": (rssm(predict=lambda _, old: lambda *a: old(*a)[:, 1:]), r"latents: predict\(h, z, action\) is torch.f"),
    "scan": (rssm(scan=lambda _, old: lambda *a: vars(old(*a))), "scan: scan gives dict."),
    "late actions": (
        rssm(scan=lambda _, old: lambda e, a: old(e, a.roll(1, 1))),
        "steps: h at step 0 of a scan is not",
    ),
    "cut scan": (
        rssm(scan=lambda _, old: lambda e, a: old(e, a.detach())),
        "gradient: no gradient reaches the first action from the last step.",
    ),
    "half states": (rssm(scan=half_states), "half precision: h of a scan in bf16 is torch.bfloat16"),
    "blocks": (
        rssm(inputs=lambda _, old: {**old, "gru.weight_ih": {"z": 3}}),
        "blocks: inputs of 'gru.weight_ih' add",
    ),
    "wild": (policy(act=lambda self, f, explore: 2 + Learner.act(self, f, explore)), "act: an exploring action leaves"),
    "thin": (policy(act=lambda self, f, explore: Learner.act(self, f, explore)[:, :1]), "act: an exploring action is"),
    "no optimizers": (policy(optimizers=lambda self: [1]), r"build: optimizers\(\) gives \[1\]."),
    "no dict": (policy(update=lambda self, experience: None), "update: update gives NoneType."),
    "masked steps": (policy(update=unmasked), "mask: what is learned depends on steps where the mask is false."),
    "single only policy": (policy(update=needs_single), "half precision: .* was raised: "),
    "rewards gone": (policy(update=in_place), "inputs: an input is changed in place."),
    "actions": (
        environment(action_space=gymnasium.spaces.Box(-2, 2, (2,), np.float32)),
        "episode: the action space is",
    ),
    "no env": (replace(TOY_ENVIRONMENT, name="mine", build=lambda *_: 1 / 0), "build: ZeroDivisionError was raised"),
    "larger": (distraction(lambda value, scene: value[1:]), r"change: change\(\) gave uint8 of shape \(47, 64, 3\)."),
    "nan": (distraction(lambda value, scene: value * np.nan, sensors=("vector",)), "change: .* not finite."),
    "unseeded": (
        distraction(lambda value, scene: np.random.randint(0, 9, value.shape, np.uint8)),
        "seed: two episodes",
    ),
    "carried over": (Distraction("mine", "Mine.", lambda *_: CarriedOver()), "seed: two episodes with the same seed"),
    "no latent": (Objective("mine", "Mine.", ObjectiveOptions(posterior=0.0)), "weights: no latent is seen"),
    "no weights": (Objective("mine", "Mine.", LossOptions()), "options: the options are of another type."),  # type: ignore[arg-type]
    "deaf": (observer(lambda event: event.values["return"]), "story: KeyError was raised: 'return'. Mend"),
    "loud": (observer(lambda event: print(event)), "output: it prints on standard output"),
    "meddling": (observer(lambda event: event.values.update(seen=True)), "events: it changes the values of an event."),
    "not again": (Observer("mine", "Mine.", new_file_only), "again: FileExistsError was raised"),
    "about nothing": (engine(broken_engines.Silent), "outcomes: it does not say how jobs are run."),
    "blind": (engine(broken_engines.Blind), "outcomes: jobs that end with 0 and with 3 are"),
    "reasonless": (engine(broken_engines.Reasonless), "outcomes: it does not say why a job has failed."),
    "elsewhere": (engine(broken_engines.Elsewhere), "outcomes: a job is not started in its directory."),
    "mute": (engine(broken_engines.Mute), "outcomes: what a job prints is not in its log."),
    "crowded": (engine(broken_engines.Crowded), "order: with most=1, jobs run side by side or in another order."),
    "once": (engine(broken_engines.Once), "again: a job is not run again."),
    "rewriting": (engine(broken_engines.Rewriting), "again: the log of before is lost."),
    "hasty": (engine(broken_engines.Hasty), "cancel: a job is ended before it can save."),
    "command": (Command("Mine", "Mine.", lambda options: 0), "name and summary: the name 'Mine'"),
    "check": (Check("mine", "Mine.", lambda: 3), r"answer: run\(\) gave 3."),  # type: ignore[arg-type,return-value]
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_breach_is_told_by_the_check_that_is_meant_for_it(name: str) -> None:
    record, message = BROKEN[name]
    with pytest.raises(ConformanceError) as caught:
        check(record)
    told = [str(failure) for failure in caught.value.failures]
    assert len(told) == 1, told
    assert re.match(message, told[0]), told
    assert all(failure.hint and "\n" not in str(failure) for failure in caught.value.failures)
    assert str(caught.value).splitlines()[1:] == told


def test_a_whole_toy_rssm_policy_and_others_pass() -> None:
    quiet = distraction(lambda value, scene: None)
    command, local = Command("mine", "Mine.", lambda options: 0), engine(broken_engines.Good)
    for record in (rssm(), policy(), environment(), quiet, observer(), local, command):
        check(record)
