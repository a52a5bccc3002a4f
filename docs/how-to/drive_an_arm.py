"""Drives a made-up arm at 20 Hz with a trained agent, while one of its cameras fails for a second.

python drive_an_arm.py RUN_OR_EXPORTED_FOLDER [--seconds 5] [--hz 20]
"""

import argparse
import time

import numpy as np

import coral_cli

FAILS = (1.0, 2.0)  # seconds between which the first camera gives nothing


class MadeUpArm:
    """Stands for your robot: joints that follow the actions, and cameras that see a spot where the arm is."""

    def __init__(self, sensors):
        self.sensors, self.position = sensors, np.zeros(2)

    def read(self, seconds):
        """Return what each sensor gives; None where it gives nothing."""
        seen = {name: self._value(sensor) for name, sensor in self.sensors.items()}
        camera = next((name for name, sensor in self.sensors.items() if sensor.kind == "image"), None)
        if camera and FAILS[0] <= seconds < FAILS[1]:
            seen[camera] = None  # it is told, and not a black picture
        return seen

    def move(self, action):
        """Do an action in [-1, 1] for one period."""
        self.position = np.clip(self.position + 0.02 * action[:2].mean(), -1, 1)

    def _value(self, sensor):
        if sensor.kind != "image":
            return np.full(sensor.shape, self.position[0], np.float32)
        picture = np.full(sensor.shape, 96, np.uint8)
        row, column = ((self.position + 1) / 2 * (np.array(sensor.shape[:2]) - 8)).astype(int)
        picture[row : row + 8, column : column + 8] = 255
        return picture


def drive(agent, arm, seconds, hz, clock=time.monotonic, sleep=time.sleep):
    """Act ``hz`` times a second. Returns the actions and how many came too late."""
    start, state, actions, late = clock(), None, [], 0
    for step in range(int(seconds * hz)):
        action, state = agent.act(arm.read(clock() - start), state)
        arm.move(action)
        actions.append(action)
        left = start + (step + 1) / hz - clock()
        late += left < 0
        sleep(max(0.0, left))
    return np.array(actions), late


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("agent")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--hz", type=float, default=20)
    given = parser.parse_args()
    loaded = coral_cli.load_agent(given.agent, device="cpu")
    done, late = drive(loaded, MadeUpArm(loaded.sensors), given.seconds, given.hz)
    print(f"{len(done)} actions, {late} too late; mean of their sizes {np.abs(done).mean():.3f}")
