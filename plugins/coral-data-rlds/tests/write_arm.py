"""Writes ``arm`` with the real library: ``pip install tensorflow-cpu==2.21.0 tensorflow-datasets==4.9.10``."""

import shutil
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

HERE = Path(__file__).parent
LENGTHS = (4, 3)


class Arm(tfds.core.GeneratorBasedBuilder):
    """Two episodes, a shard each."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self) -> tfds.core.DatasetInfo:
        kinds = tfds.features
        observation = {
            "front": kinds.Image(shape=(16, 16, 3), encoding_format="jpeg"),
            "mask": kinds.Image(shape=(None, None, 1)),
            "millimetres": kinds.Image(shape=(16, 20, 1), dtype=np.uint16),
            "metres": kinds.Image(shape=(16, 20, 1), dtype=np.float32),
            "packed": kinds.Tensor(shape=(2,), dtype=np.float64, encoding="zlib"),
            "state": kinds.Tensor(shape=(3,), dtype=np.float64),
            "whole": kinds.Tensor(shape=(2,), dtype=np.int32),
            "ragged": kinds.Sequence(np.float32),
            "words": kinds.Text(),
        }
        action = {"gripper": kinds.Scalar(np.float32), "arm": kinds.Tensor(shape=(2,), dtype=np.float32)}
        flags = {"is_first": np.bool_, "is_last": np.bool_, "is_terminal": np.bool_}
        steps = {"observation": observation, "action": action, "reward": np.float32, **flags}
        features = {"steps": kinds.Dataset(steps), "episode_metadata": {"success": np.bool_}}
        return tfds.core.DatasetInfo(builder=self, features=kinds.FeaturesDict(features))

    def _split_generators(self, download_manager: object) -> dict:
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        for episode, length in enumerate(LENGTHS):
            steps = [step(episode, number, number == length - 1) for number in range(length)]
            yield episode, {"steps": steps, "episode_metadata": {"success": episode == 1}}


def step(episode: int, number: int, last: bool) -> dict:
    """A step, as the tests expect it."""
    return {
        "observation": {
            "front": np.full((16, 16, 3), 100 * episode + 20 * number, np.uint8),
            "mask": np.full((16, 18, 1), number, np.uint8),
            "millimetres": np.full((16, 20, 1), 1000 + number, np.uint16),
            "metres": np.full((16, 20, 1), 0.5 + number, np.float32),
            "packed": np.array([episode, 1 / 3]),
            "state": np.array([episode, number, 1 / 3]),
            "whole": np.array([-number, 1 << 30], np.int32),
            "ragged": [1.0] * number,
            "words": "lift",
        },
        "action": {"gripper": 0.5, "arm": np.array([0.25 * number, -0.5], np.float32)},
        "reward": float(number),
        "is_first": number == 0,
        "is_last": last,
        "is_terminal": last and episode == 1,
    }


if __name__ == "__main__":
    place = HERE / "written"
    settings = tfds.download.DownloadConfig(num_shards=2)
    Arm(data_dir=place).download_and_prepare(download_config=settings)
    shutil.rmtree(HERE / "arm", ignore_errors=True)
    shutil.move(place / "arm" / "1.0.0", HERE / "arm")
    shutil.rmtree(place)
