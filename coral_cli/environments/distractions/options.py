"""The options of the distractions that work on pixels and vectors. Importing this imports no NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from coral_cli.plugin import Help

Mask = Literal["color", "segmentation"]


@dataclass(frozen=True)
class DisksOptions:
    """Options of disks: how much of the image is covered, and for how long; ``count`` is the strength."""

    count: Annotated[int, Help("How many disks; more cover more.", min=1, max=1000)] = 8
    radius_min: Annotated[float, Help("Smallest radius, as a fraction of the image's smaller side.", min=0, max=1)] = (
        0.166
    )
    radius_max: Annotated[float, Help("Largest radius, as a fraction of the image's smaller side.", min=0, max=1)] = 0.2
    speed: Annotated[float, Help("Fraction of the image's smaller side that a disk moves per step.", min=0)] = 0.01


@dataclass(frozen=True)
class NoiseOptions:
    """Options of pixel noise: its strength."""

    std: Annotated[float, Help("Standard deviation in grey levels (0 to 255).", min=0)] = 20.0


@dataclass(frozen=True)
class ColorOptions:
    """Options of how far an episode's colours may be from the true ones: four strengths, 0 for none."""

    brightness: Annotated[float, Help("A factor within 1 +- this.", min=0, max=1)] = 0.4
    contrast: Annotated[float, Help("A factor within 1 +- this, about mid-grey.", min=0, max=1)] = 0.4
    saturation: Annotated[float, Help("A factor within 1 +- this; 0 is grey.", min=0, max=1)] = 0.4
    hue: Annotated[
        float, Help("Hues turn by up to this fraction of the colour circle, either way.", max=0.5, min=0)
    ] = 0.1


@dataclass(frozen=True)
class FrameDropOptions:
    """Options of how often the camera fails; ``probability`` is the strength."""

    probability: Annotated[float, Help("Probability, at each step, of no new frame.", min=0, max=1)] = 0.2
    mode: Annotated[
        Literal["repeat", "missing"], Help("repeat: the last frame is shown again; missing: the sensor is not there.")
    ] = "repeat"


@dataclass(frozen=True)
class ProprioNoiseOptions:
    """Options of noise on a vector, before it is normalised: its strength."""

    std: Annotated[float, Help("Standard deviation, in the unit that scale names.", min=0)] = 0.1
    scale: Annotated[
        Literal["absolute", "relative"],
        Help("absolute: std is in each value's own unit (rad, m/s); relative: a fraction of each value's magnitude."),
    ] = "absolute"


@dataclass(frozen=True)
class ProprioDropoutOptions:
    """Options of how often a vector sensor fails; ``probability`` is the strength."""

    probability: Annotated[float, Help("Probability, at each step, of no value.", min=0, max=1)] = 0.2
    mode: Annotated[
        Literal["missing", "zero"], Help("missing: the sensor is not there; zero: all its values are zero.")
    ] = "missing"


@dataclass(frozen=True)
class BackgroundOptions:
    """Options of which pixels a background may replace."""

    mask: Annotated[
        Mask, Help("color: pixels bluer than red and green (the published rule); segmentation: exactly the sky.")
    ] = "color"
    floor: Annotated[bool, Help("With mask segmentation: a floor that never moves is replaced as well.")] = False


@dataclass(frozen=True)
class ProceduralOptions(BackgroundOptions):
    """Options of how a moving texture looks; ``contrast`` is the strength."""

    contrast: Annotated[float, Help("Standard deviation of its brightness, in grey levels.", min=0)] = 50.0
    speed: Annotated[float, Help("Fraction of the image's larger side that it moves per step.", min=0, max=1)] = 0.01


@dataclass(frozen=True)
class VideoOptions(BackgroundOptions):
    """Options of which clips play behind the agent, one of their frames per step of the agent."""

    folder: Annotated[str | None, Help("Folder of video files, or of folders of images. Required.")] = None
    clips: Annotated[
        Literal["random", "single"],
        Help("random: another clip each episode, others for evaluation; single: always the first, evaluation too."),
    ] = "random"
    gray: Annotated[bool, Help("Show the clips in grey.")] = False
    max_frames: Annotated[int, Help("Frames used of each clip.", min=2)] = 1000
