#!/usr/bin/env bash
# Shimmy tells the two ways an episode can end apart correctly for dm_control's single-agent tasks, and the other way round for dm_control's
# soccer: there a match that the clock ends (discount 1, so there would have been more to win) comes back as terminated, and one that a goal
# ends (discount 0) as truncated. A learner that bootstraps where it should drops the value of the future at every time limit, and adds
# one after every goal. The discount itself is in each player's info under "timestep.discount", and is right.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q shimmy==2.0.1 gymnasium==1.4.0 pettingzoo==1.27.0 dm-control==1.0.50 \
    mujoco==3.17.0 numpy==2.4.6 imageio==2.37.0 packaging==25.0
MUJOCO_GL=${MUJOCO_GL:-egl} "$place/venv/bin/python" - <<'PY'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
from dm_control.locomotion import soccer
from shimmy import DmControlMultiAgentCompatibilityV0

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("shimmy", "pettingzoo", "dm-control", "mujoco")))


def ending(goal):
    """Play a match of half a second in which nobody moves; with `goal` the ball lies in one."""
    match = soccer.load(team_size=1, time_limit=0.5, random_state=0, walker_type=soccer.WalkerType.BOXHEAD)
    environment = DmControlMultiAgentCompatibilityV0(env=match)
    environment.reset(seed=0)
    if goal:
        task = match.task
        task.ball.set_pose(match.physics, (task.arena.away_goal.lower + task.arena.away_goal.upper) / 2)
    while environment.agents:
        still = {player: environment.action_space(player).low * 0 for player in environment.agents}
        _, _, terminated, truncated, info = environment.step(still)
    first = "player_0"
    return float(info[first]["timestep.discount"]), terminated[first], truncated[first]


found = []
for what, goal in (("the clock", False), ("a goal", True)):
    discount, terminated, truncated = ending(goal)
    print(f"ended by {what}: discount {discount:.0f}, terminated {terminated}, truncated {truncated}")
    found.append((discount, terminated, truncated))
if found != [(1.0, True, False), (0.0, False, True)]:
    sys.exit(f"it has changed: {found}")
PY
