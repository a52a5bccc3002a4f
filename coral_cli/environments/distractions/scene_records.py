"""The built-in distractions that change the simulated scene. Importing this imports no mujoco."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from coral_cli.plugin import Distraction, DistractionModule, Help, Sensor, Split


@dataclass(frozen=True)
class CameraOptions:
    """Options of how far from its place the camera may be; ``jitter`` makes it shake."""

    position: Annotated[float, Help("Metres it moves, at most, along each of its axes.", min=0, max=10)] = 0.03
    rotation: Annotated[float, Help("Degrees it turns, at most, about each of its axes.", min=0, max=90)] = 2.0
    jitter: Annotated[
        float, Help("Shake from step to step: its standard deviation, as a fraction of these.", min=0, max=1)
    ] = 0.0
    memory: Annotated[float, Help("Share of the shake that stays from step to step.", min=0, max=1)] = 0.9


@dataclass(frozen=True)
class LightOptions:
    """Options of how much an episode's light may differ: three strengths, 0 for none."""

    angle: Annotated[float, Help("Degrees that lights go round the scene, at most.", min=0, max=90)] = 40.0
    brightness: Annotated[float, Help("A factor within 1 +- this.", min=0, max=1)] = 0.3
    color: Annotated[float, Help("A factor within 1 +- this for each of red, green and blue.", min=0, max=1)] = 0.2


@dataclass(frozen=True)
class RoomOptions:
    """Options of what differs from room to room; ``objects`` is the strength."""

    objects: Annotated[int, Help("Things that stand beside the working area.", min=0, max=18)] = 8
    surfaces: Annotated[bool, Help("Draw pattern and colour of table and floor.")] = True
    robot: Annotated[bool, Help("Draw the arm's colour.")] = True


def _camera(options: CameraOptions, sensor: Sensor, split: Split) -> DistractionModule:
    from coral_cli.environments.distractions.camera import CameraShift

    return CameraShift(options.position, options.rotation, options.jitter, options.memory)


def _light(options: LightOptions, sensor: Sensor, split: Split) -> DistractionModule:
    from coral_cli.environments.distractions.light import Lighting

    return Lighting(options.angle, options.brightness, options.color)


def _room(options: RoomOptions, sensor: Sensor, split: Split) -> DistractionModule:
    from coral_cli.environments.distractions.room import Room

    return Room(options.objects, options.surfaces, options.robot, split)


SCENE_DISTRACTIONS: tuple[Distraction, ...] = (
    Distraction(
        "camera",
        "Each episode's camera is a little off, and may shake.",
        _camera,
        CameraOptions(),
        scene=True,
        per_camera=True,
    ),
    Distraction("light", "Each episode has its own lights.", _light, LightOptions(), scene=True),
    Distraction(
        "room",
        "Each episode has its own table, floor, arm's colour and things lying about (box-push).",
        _room,
        RoomOptions(),
        scene=True,
    ),
)
