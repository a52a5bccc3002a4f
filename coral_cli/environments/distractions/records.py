"""The built-in distractions. Importing this imports no library that draws or decodes."""

from __future__ import annotations

from coral_cli.environments.distractions.options import (
    BackgroundOptions,
    ColorOptions,
    DisksOptions,
    FrameDropOptions,
    NoiseOptions,
    ProceduralOptions,
    ProprioDropoutOptions,
    ProprioNoiseOptions,
    VideoOptions,
)
from coral_cli.environments.distractions.scene_records import SCENE_DISTRACTIONS
from coral_cli.plugin import Distraction, DistractionModule, Sensor, Split
from coral_cli.registry.errors import UsageError


def _disks(options: DisksOptions, sensor: Sensor, split: Split) -> DistractionModule:
    from coral_cli.environments.distractions.disks import Disks

    if options.radius_min > options.radius_max:
        raise UsageError(
            f"the smallest disk ({options.radius_min:g}) is larger than the largest ({options.radius_max:g}).",
            "Set --distraction.disks.radius-min and --distraction.disks.radius-max.",
        )
    return Disks(sensor.shape, options.count, (options.radius_min, options.radius_max), options.speed)


def _noise(options: NoiseOptions, sensor: Sensor, split: Split) -> DistractionModule:
    from coral_cli.environments.distractions.noise import PixelNoise

    return PixelNoise(options.std)


def _color(options: ColorOptions, sensor: Sensor, split: Split) -> DistractionModule:
    from coral_cli.environments.distractions.color import ColorJitter

    _check_color("color", sensor)
    return ColorJitter(options.brightness, options.contrast, options.saturation, options.hue)


def _frame_drop(options: FrameDropOptions, sensor: Sensor, split: Split) -> DistractionModule:
    from coral_cli.environments.distractions.dropout import Dropout

    return Dropout(options.probability, options.mode)


def _proprio_noise(options: ProprioNoiseOptions, sensor: Sensor, split: Split) -> DistractionModule:
    from coral_cli.environments.distractions.noise import VectorNoise

    return VectorNoise(options.std, options.scale == "relative")


def _proprio_dropout(options: ProprioDropoutOptions, sensor: Sensor, split: Split) -> DistractionModule:
    from coral_cli.environments.distractions.dropout import Dropout

    return Dropout(options.probability, options.mode)


def _procedural(options: ProceduralOptions, sensor: Sensor, split: Split) -> DistractionModule:
    from coral_cli.environments.distractions.backgrounds import Background
    from coral_cli.environments.distractions.texture import Texture

    _check_background("procedural", options, sensor)
    texture = Texture(sensor.shape[0], sensor.shape[1], options.contrast, options.speed, split)
    return Background(texture, options.mask, options.floor)


def _video(options: VideoOptions, sensor: Sensor, split: Split) -> DistractionModule:
    from coral_cli.environments.distractions.backgrounds import Background
    from coral_cli.environments.distractions.video import Video

    _check_background("video", options, sensor)
    if options.folder is None:
        raise UsageError(
            "the distraction video needs a folder of clips.",
            "Give --distraction.video.folder DIR, or use procedural, which needs no files.",
        )
    video = Video(
        options.folder,
        (sensor.shape[0], sensor.shape[1]),
        split,
        single=options.clips == "single",
        gray=options.gray,
        max_frames=options.max_frames,
    )
    return Background(video, options.mask, options.floor)


def _check_background(name: str, options: BackgroundOptions, sensor: Sensor) -> None:
    _check_color(name, sensor)
    if options.floor and options.mask == "color":
        raise UsageError(
            "a floor cannot be told by its colour.", f"Add --distraction.{name}.mask segmentation, or leave out floor."
        )


def _check_color(name: str, sensor: Sensor) -> None:
    if sensor.shape[-1] != 3:
        raise UsageError(
            f"the distraction {name} needs a colour image, but {sensor.name} has {sensor.shape[-1]} channels.",
            "Choose another distraction for it.",
        )


DISTRACTIONS: tuple[Distraction, ...] = (
    Distraction("video", "Clips from a folder move behind the agent.", _video, VideoOptions()),
    Distraction(
        "procedural", "A natural moving texture behind the agent; needs no files.", _procedural, ProceduralOptions()
    ),
    Distraction(
        "disks", "Disks drift over the scene and hide the agent (the paper's occlusion).", _disks, DisksOptions()
    ),
    Distraction("noise", "Gaussian noise on every pixel.", _noise, NoiseOptions()),
    Distraction("color", "Each episode has its own brightness, contrast, saturation and hue.", _color, ColorOptions()),
    Distraction(
        "frame-drop",
        "The camera sometimes gives no new frame.",
        _frame_drop,
        FrameDropOptions(),
        sensors=("image", "depth"),
    ),
    Distraction(
        "proprio-noise", "Gaussian noise on a vector.", _proprio_noise, ProprioNoiseOptions(), sensors=("vector",)
    ),
    Distraction(
        "proprio-dropout",
        "A vector sensor sometimes gives nothing.",
        _proprio_dropout,
        ProprioDropoutOptions(),
        sensors=("vector",),
    ),
    *SCENE_DISTRACTIONS,
)
