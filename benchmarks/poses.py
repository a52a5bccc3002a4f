"""What can be read off box-push's pictures: an encoder is taught poses directly, and asked about others.

python benchmarks/poses.py [--look halves] [--camera image] [--camera wrist] [--near] [--images 4000]
    [--updates 500 1000 2000] [--depth 8] [--threads 1]

Prints, after each number of updates, the share of the variance explained (1: all, 0: none) of cosine and sine of the
tray's yaw, the target's yaw and the yaw between both, on 1,000 scenes that were not learned from. Poses are
independent of each other, or with --near the target's is off the tray's by 5 cm and 0.7 rad (standard deviations).
Each camera has an encoder of its own; with both, what they give stands side by side, as in an agent.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from coral_cli.environments.rendering.backend import select_backend

BACKEND = select_backend()  # before MuJoCo is imported

import mujoco  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch import nn  # noqa: E402

from coral_cli.environments.box_push.kinematics import JOINTS, Arm  # noqa: E402
from coral_cli.environments.box_push.scene import TRAY_HEIGHT, build_model  # noqa: E402
from coral_cli.environments.rendering import make_renderer  # noqa: E402
from coral_cli.representation.encoders.conv import ConvEncoder  # noqa: E402

LOW, HIGH = np.array([0.3, -0.45, 0.0]), np.array([0.6, 0.45, 2 * np.pi])
DEVIATIONS = np.array([0.05 / np.sqrt(2), 0.05 / np.sqrt(2), 0.7])  # 5 cm in all
TESTED = 1000
SIDES = {"image": 64, "wrist": 32}
"""Pixels of each camera's pictures, as the model sees them by default."""
BATCH = 64
NAMES = ("tray", "target", "between")


def sampled(random: np.random.Generator, near: bool) -> tuple[np.ndarray, np.ndarray]:
    """Poses (x, y, yaw) of tray and target."""
    tray = random.uniform(LOW, HIGH)
    target = tray + DEVIATIONS * random.standard_normal(3) if near else random.uniform(LOW, HIGH)
    target[:2] = np.clip(target[:2], LOW[:2], HIGH[:2])
    return tray, target


Pictures = dict[str, torch.Tensor]
"""By camera, (N, side, side, 3) uint8."""


def pictures(look: str, cameras: Sequence[str], near: bool, count: int, seed: int) -> tuple[Pictures, torch.Tensor]:
    """``count`` scenes with the rod in the tray, and cosines and sines (count, 6) of the three yaws."""
    random, model = np.random.default_rng(seed), build_model(look)  # type: ignore[arg-type]
    data, arm = mujoco.MjData(model), Arm(model)
    renderers = {name: make_renderer(model, SIDES[name], SIDES[name], "fast", BACKEND) for name in cameras}
    drawn: dict[str, list[np.ndarray]] = {name: [] for name in cameras}
    yaws = []
    for _ in range(count):
        tray, target = sampled(random, near)
        tip = np.clip(tray[:2] + random.uniform(-0.03, 0.03, 2), (0.3, -0.48), (0.62, 0.48))
        mujoco.mj_resetData(model, data)
        data.qpos[:JOINTS] = arm.posture(np.array([*tip, TRAY_HEIGHT + 0.03]))
        data.qpos[JOINTS:] = placed(tray)
        data.mocap_pos[0], data.mocap_quat[0] = np.split(placed(target), [3])
        mujoco.mj_forward(model, data)
        for name, renderer in renderers.items():
            drawn[name].append(renderer.render(data, model.camera(name).id))
        each = np.array([tray[2], target[2], tray[2] - target[2]])
        yaws.append(np.stack([np.cos(each), np.sin(each)], 1).ravel())
    for renderer in renderers.values():
        renderer.close()
    stacked = {name: torch.from_numpy(np.stack(images)) for name, images in drawn.items()}
    return stacked, torch.from_numpy(np.array(yaws, np.float32))


def placed(pose: np.ndarray) -> np.ndarray:
    """Position and quaternion (7,) of something at x, y with a yaw."""
    x, y, yaw = pose
    return np.array([x, y, TRAY_HEIGHT, np.cos(yaw / 2), 0, 0, np.sin(yaw / 2)])


class Reader(nn.Module):
    """From pictures to cosines and sines of yaws."""

    def __init__(self, cameras: Sequence[str], depth: int, values: int) -> None:
        super().__init__()
        self.encoders = nn.ModuleDict({name: ConvEncoder((SIDES[name], SIDES[name], 3), depth) for name in cameras})
        size = sum(encoder.size for encoder in self.encoders.values())
        self.head = nn.Sequential(nn.Linear(size, 256), nn.ELU(), nn.Linear(256, values))

    def forward(self, images: Pictures) -> torch.Tensor:
        """(N, values)."""
        return self.head(torch.cat([encoder(seen(images[name])) for name, encoder in self.encoders.items()], -1))


def seen(images: torch.Tensor) -> torch.Tensor:
    """As the model sees them."""
    return images.permute(0, 3, 1, 2).float() / 255 - 0.5


def explained(predicted: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """The share (6,) of each value's variance."""
    return 1 - (predicted - true).square().mean(0) / true.var(0, correction=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--look", choices=["halves", "walls"], default="halves")
    parser.add_argument("--camera", choices=list(SIDES), action="append")
    parser.add_argument("--near", action="store_true")
    parser.add_argument("--images", type=int, default=4000)
    parser.add_argument("--updates", type=int, nargs="+", default=[500, 1000, 2000])
    parser.add_argument("--depth", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    cameras = options.camera or ["image"]
    images, yaws = pictures(options.look, cameras, options.near, options.images, seed=1)
    others, true = pictures(options.look, cameras, options.near, TESTED, seed=2)
    reader = Reader(cameras, options.depth, yaws.shape[1])
    adam = torch.optim.Adam(reader.parameters(), 1e-3)
    print("updates  " + "".join(f"{name:>14}" for name in NAMES))
    for update in range(1, max(options.updates) + 1):
        batch = torch.randint(len(yaws), (BATCH,))
        loss = (reader({name: each[batch] for name, each in images.items()}) - yaws[batch]).square().mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        if update in options.updates:
            with torch.no_grad():
                shares = explained(reader(others), true).unflatten(0, (-1, 2)).tolist()
            print(f"{update:<9,}" + "".join(f"{cosine:>9.2f}{sine:>5.2f}" for cosine, sine in shares), flush=True)


if __name__ == "__main__":
    main()
