"""The test kit of a plugin's author: checks of components, toys to go with them, and command lines in a test.

It may know every room, and none may know it but the command ``coral plugins check``.

from coral_cli.testing import check_loss, run

def test_the_loss_keeps_its_contract():
    check_loss(MINE)

def test_it_trains(tmp_path):
    line = f"train --env toy --image-loss mine --steps 50 --size tiny --out {tmp_path / 'run'}"
    assert run(line, components=[MINE]).code == 0
"""

from coral_cli.environments.rendering.backend import select_backend
from coral_cli.testing.checking import check
from coral_cli.testing.distractions import check_distraction
from coral_cli.testing.encoders import check_encoder
from coral_cli.testing.engines import check_engine
from coral_cli.testing.environments import check_environment
from coral_cli.testing.failures import ConformanceError, Failure
from coral_cli.testing.losses import check_loss
from coral_cli.testing.objectives import check_objective
from coral_cli.testing.observers import check_observer
from coral_cli.testing.policies import check_policy
from coral_cli.testing.readers import check_reader
from coral_cli.testing.rssms import check_rssm
from coral_cli.testing.running import Outcome, run
from coral_cli.testing.toys import TOY_ENCODER, TOY_ENVIRONMENT, TOY_RSSM

__all__ = [
    "TOY_ENCODER",
    "TOY_ENVIRONMENT",
    "TOY_RSSM",
    "ConformanceError",
    "Failure",
    "Outcome",
    "check",
    "check_distraction",
    "check_encoder",
    "check_engine",
    "check_environment",
    "check_loss",
    "check_objective",
    "check_observer",
    "check_policy",
    "check_reader",
    "check_rssm",
    "run",
    "select_backend",
]
