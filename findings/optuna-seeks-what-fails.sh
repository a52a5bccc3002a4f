#!/usr/bin/env bash
# Optuna's default sampler (TPE) passes over trials that have failed. One would think that it learns nothing from them, and draws a choice
# that always fails, such as a size that does not fit into memory, as often as chance does. It seeks that choice: without a value it
# counts neither among the good trials nor among the others, and smoothing gives it a larger share of the few good ones than of the many
# others, which makes it look better than what was seen to work. After the first ten trials, which are random, nearly all go to it, and
# fail. Told as pruned, which ranks last, or with a bad value, the same trials are avoided.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q optuna==5.0.0 numpy==2.4.6
cd "$place"
venv/bin/python - <<'PY'
import sys
from importlib.metadata import version

import optuna
from optuna.trial import TrialState

CHOICES, TRIALS, RANDOM, SEEDS = ("one", "two", "three", "fails"), 100, 10, 5


def failing(told, seed):
    """Return how many of the trials that are not random get the choice that fails."""
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    for _ in range(TRIALS):
        trial = study.ask()
        x, choice = trial.suggest_float("x", -5, 5), trial.suggest_categorical("choice", CHOICES)
        if choice != "fails":
            study.tell(trial, -((x - 2) ** 2))
        elif told == "value":
            study.tell(trial, -1000.0)
        else:
            study.tell(trial, state=TrialState[told])
    return sum(trial.params["choice"] == "fails" for trial in study.trials[RANDOM:])


optuna.logging.set_verbosity(optuna.logging.ERROR)
print(*(f"{name} {version(name)}" for name in ("optuna", "numpy")), sep=", ")
print(f"{TRIALS - RANDOM} trials of each seed after {RANDOM} random ones; one choice of {len(CHOICES)} always fails; drawn that often:")
found = {told: [failing(told, seed) for seed in range(SEEDS)] for told in ("FAIL", "PRUNED", "value")}
for told, counts in found.items():
    print(f"  told as {told}: {', '.join(map(str, counts))}")
chance = (TRIALS - RANDOM) / len(CHOICES)
if not (min(found["FAIL"]) > 2 * chance and max(found["PRUNED"] + found["value"]) < chance):
    sys.exit("it has changed")
PY
