"""The scene in MuJoCo's XML: a Panda-like arm of capsules, a table, the tray and its target, in two looks.

Numbers are metres, radians and kilograms. The arm's kinematics are the Franka Panda's, in modified
Denavit-Hartenberg parameters (Craig, Introduction to Robotics).
"""

from __future__ import annotations

from math import cos, pi, sin
from typing import Literal, TypeAlias

import mujoco
import numpy as np

from coral_cli.environments.box_push.patterns import pattern_images

Look: TypeAlias = Literal["halves", "walls"]

TIMESTEP = 0.002
TRAY_HEIGHT = -0.01
"""Height of the tray's centre, the middle of its floor, when it stands on the table."""
POSITION_LIMITS = np.array(
    [[-2.8973, 2.8973], [-1.7628, 1.7628], [-2.8973, 2.8973], [-3.0718, -0.0698], [-2.8973, 2.8973],
     [-0.0175, 3.7525], [-2.8973, 2.8973]]
)  # fmt: skip
VELOCITY_LIMITS = np.array([2.175] * 4 + [2.61] * 3)  # rad/s
TORQUE_LIMITS = np.array([90.0] * 4 + [12.0] * 3)  # Nm

ROD_LENGTH = 0.195
_ROD_RADIUS = 0.01
_FLANGE = 0.107
_ARMATURE = 0.1  # kg m^2: the motors' inertia, seen through their gears

_JOINTS = (  # a, d, twist
    (0.0, 0.333, 0.0),
    (0.0, 0.0, -pi / 2),
    (0.0, 0.316, pi / 2),
    (0.0825, 0.0, pi / 2),
    (-0.0825, 0.384, -pi / 2),
    (0.0, 0.0, pi / 2),
    (0.088, 0.0, pi / 2),
)
_MASSES = (3.0, 2.8, 2.8, 2.1, 2.2, 3.2, 1.4, 1.4)  # the base, then the seven links
_CAPSULES = (  # of the base and each link, in its own frame: from, to, radius
    (((0, 0, 0.05), (0, 0, 0.16), 0.07),),
    (((0, 0, -0.12), (0, 0, 0), 0.06), ((0, -0.06, 0), (0, 0.06, 0), 0.06)),
    (((0, 0, 0), (0, -0.22, 0), 0.058),),
    (((0, 0, -0.06), (0, 0, 0), 0.056), ((0, 0, 0), (0.0825, 0, 0), 0.052)),
    (((0, 0, -0.05), (0, 0, 0.05), 0.052), ((0, 0, 0), (-0.0825, 0.1, 0), 0.05)),
    (((0, 0, -0.27), (0, 0, -0.05), 0.05), ((0, 0, -0.03), (0, 0, 0), 0.05)),
    (((0, 0, 0), (0.088, 0, 0), 0.045),),
    (((0, 0, 0), (0, 0, 0.07), 0.042),),
)

# Contacts: contype & conaffinity.  The arm meets the table and the tray, but not itself.
_TABLE_CONTACT = 'contype="1" conaffinity="0"'
_TRAY_CONTACT = 'contype="2" conaffinity="1"'
_ARM_CONTACT = 'contype="4" conaffinity="3"'
_NO_CONTACT = 'contype="0" conaffinity="0"'

_WALLS = ((0.05, 0), (0, 0.05), (-0.05, 0), (0, -0.05))  # the first one is marked, so that the yaw can be seen
_TABLE_TOP = -0.02
_TARGET, _THIN = 0.085, 0.0005  # half-sizes of the flat target, which shows around the tray
_UNDRAWN = 'group="3"'
_IMAGE_CAMERAS: dict[Look, tuple[tuple[float, ...], tuple[float, ...], float]] = {
    "halves": ((1.25, 0, 1.30), (0.455, 0, -0.02), 43),
    "walls": ((1.36, 0, 1.42), (0.43, 0, 0), 45.6),
}
"""The front cameras: place, what it looks at, and field of view; the working area is in view in the middle, too."""
_WRIST_CAMERA = (0, 0.18, 0.08), (0, 0, 0.30), 75
"""The wrist camera, in the frame of the flange that carries it: it looks past the rod into the tray and around it."""
_TILES = 2.0  # a pattern's repeats per metre
_CLUTTER = tuple(  # where things may stand: left and right of the tray's reach, and behind it, beside the arm
    (x, side * y)
    for side in (-1, 1)
    for x, y in (
        (-0.12, 0.28), (-0.12, 0.46), (-0.12, 0.64), (0.06, 0.28), (0.06, 0.46), (0.06, 0.64),
        (0.24, 0.68), (0.42, 0.68), (0.58, 0.68),
    )
)  # fmt: skip

_SCENE = """
<mujoco model="box_push">
  <compiler angle="radian"/>
  <option timestep="{timestep}" cone="elliptic" impratio="3"/>
  <visual>
    <headlight ambient="0.4 0.4 0.4" diffuse="0.3 0.3 0.3" specular="0 0 0"/>
    <map znear="0.01" zfar="10" shadowclip="2"/>
  </visual>
  <statistic extent="1.5" center="0.4 0 0"/>
  <asset>
    <texture type="skybox" builtin="gradient" rgb1="0.62 0.70 0.78" rgb2="0.35 0.40 0.46" width="64" height="384"/>
    <material name="table" rgba="0.85 0.74 0.57 1" specular="0"/>
    <material name="ground" rgba="0.30 0.34 0.38 1" specular="0"/>
    <material name="arm" rgba="0.93 0.93 0.95 1" specular="0.2"/>
    <material name="rod" rgba="0.16 0.17 0.20 1" specular="0"/>
    <material name="tray" rgba="0.85 0.10 0.10 1" specular="0"/>
    <material name="tray_mark" rgba="0.10 0.15 0.90 1" specular="0"/>
    <material name="target" rgba="0.10 0.75 0.20 {target_opacity}" specular="0"/>
    <material name="target_mark" rgba="0.9 0 0.9 {mark_opacity}" specular="0"/>
    {patterns}
  </asset>
  <worldbody>
    <light name="lamp" directional="true" pos="0.4 0 1.5" dir="-0.3 0.2 -1" diffuse="0.5 0.5 0.5" specular="0 0 0"/>
    {image_camera}
    {outside_camera}
    <geom name="ground" type="plane" size="4 4 0.1" pos="0 0 -0.94" material="ground" {no_contact}/>
    <geom name="table" type="box" size="0.49 0.98 0.02" pos="0.2 0 -0.04" material="table" {table_contact}/>
    {clutter}
    {arm}
    <body name="tray" pos="0.4 0.3 {tray_height}">
      <freejoint name="tray"/>
      {tray}
    </body>
    <body name="target" pos="0.4 -0.3 {tray_height}" mocap="true">
      {target}
    </body>
  </worldbody>
  <actuator>
    {motors}
  </actuator>
</mujoco>
"""


def build_model(look: Look = "halves") -> mujoco.MjModel:
    """Compile the scene: 7 arm joints, then the tray's free joint.

    Cameras: ``image`` stands at the front, ``wrist`` rides on the flange, ``outside`` shows the whole arm.

    With ``walls``, one wall of the tray and of the see-through target has another colour; with ``halves``, half of the
    tray has, and the target is a flat square around it, in two other colours. What collides is the same.
    """
    halves = look == "halves"
    motors = (
        f'<motor name="joint{i}" joint="joint{i}" ctrllimited="true" ctrlrange="{-limit} {limit}"/>'
        for i, limit in enumerate(TORQUE_LIMITS, 1)
    )
    model = mujoco.MjModel.from_xml_string(
        _SCENE.format(
            timestep=TIMESTEP,
            tray_height=TRAY_HEIGHT,
            table_contact=_TABLE_CONTACT,
            no_contact=_NO_CONTACT,
            image_camera=_camera("image", *_IMAGE_CAMERAS[look]),
            target_opacity=1 if halves else 0.45,
            mark_opacity=1 if halves else 0.65,
            outside_camera=_camera("outside", (1.25, -1.0, 0.85), (0.3, 0, 0.15), 48),
            patterns=_patterns(),
            clutter=_clutter(),
            arm=_arm(),
            tray=_tray("tray", f"{_TRAY_CONTACT} {_UNDRAWN}") + _halves() if halves else _tray("tray", _TRAY_CONTACT),
            target=_square() if halves else _tray("target", _NO_CONTACT),
            motors="\n".join(motors),
        )
    )
    for name, image in pattern_images().items():
        start = model.tex_adr[model.texture(name).id]
        model.tex_data[start : start + image.size] = image.ravel()
    return model


def _patterns() -> str:
    """Write textures, and materials that nothing has unless a distraction gives it to table or ground."""
    return "".join(
        f'<texture name="{name}" type="2d" builtin="flat" width="{image.shape[1]}" height="{image.shape[0]}"/>'
        f'<material name="{name}" texture="{name}" texuniform="true" texrepeat="{_TILES} {_TILES}" specular="0"/>'
        for name, image in pattern_images().items()
    )


def _clutter() -> str:
    """Write places for things beside and behind the working area, invisible and without contact."""
    return "".join(
        f'<geom name="clutter{i}" type="sphere" size="0.01" pos="{x} {y} {_TABLE_TOP}" rgba="0 0 0 0" {_NO_CONTACT}/>'
        for i, (x, y) in enumerate(_CLUTTER)
    )


def _arm() -> str:
    rod = (
        f'<geom name="rod" type="capsule" fromto="0 0 {_FLANGE} 0 0 {_FLANGE + ROD_LENGTH - _ROD_RADIUS}" '
        f'size="{_ROD_RADIUS}" mass="0.1" material="rod" {_ARM_CONTACT}/>'
        f'<site name="tip" pos="0 0 {_FLANGE + ROD_LENGTH}" size="0.001" group="4"/>'
    )
    inside = rod + _camera("wrist", *_WRIST_CAMERA)
    for link in range(7, 0, -1):
        a, d, twist = _JOINTS[link - 1]
        low, high = POSITION_LIMITS[link - 1]
        inside = (
            f'<body name="link{link}" pos="{a} {-sin(twist) * d:.6f} {cos(twist) * d:.6f}" '
            f'quat="{cos(twist / 2)} {sin(twist / 2)} 0 0">'
            f'<joint name="joint{link}" axis="0 0 1" range="{low} {high}" armature="{_ARMATURE}"/>'
            f"{_capsules(link, _ARM_CONTACT)}{inside}</body>"
        )
    return f'<body name="base">{_capsules(0, _NO_CONTACT)}{inside}</body>'


def _capsules(link: int, contact: str) -> str:
    parts = _CAPSULES[link]
    return "".join(
        f'<geom type="capsule" fromto="{_numbers(start)} {_numbers(end)}" size="{radius}" '
        f'mass="{_MASSES[link] / len(parts)}" material="arm" {contact}/>'
        for start, end, radius in parts
    )


def _tray(material: str, contact: str) -> str:
    """Write a floor and four thin walls. The floor's friction decides against the table, whatever that has."""
    floor = (
        f'<geom type="box" size="0.05 0.05 0.01" mass="2" friction="0.3" priority="1" material="{material}" {contact}/>'
    )
    walls = (
        f'<geom type="box" size="{0.005 if x else 0.05} {0.05 if x else 0.005} 0.045" pos="{x} {y} 0.0485" '
        f'mass="0.001" material="{material}{"" if number else "_mark"}" {contact}/>'
        for number, (x, y) in enumerate(_WALLS)
    )
    return floor + "".join(walls)


def _halves() -> str:
    """Write what is seen of the tray: floor and walls in two halves, the marked one at the front, without contact."""
    boxes = (
        (half, size, position)
        for half in (1, -1)
        for size, position in (
            ((0.025, 0.05, 0.01), (half * 0.025, 0, 0)),
            ((0.005, 0.05, 0.045), (half * 0.05, 0, 0.0485)),
            ((0.025, 0.005, 0.045), (half * 0.025, 0.05, 0.0485)),
            ((0.025, 0.005, 0.045), (half * 0.025, -0.05, 0.0485)),
        )
    )
    return "".join(_box(size, position, "tray_mark" if half == 1 else "tray") for half, size, position in boxes)


def _square() -> str:
    """Write the target: a flat square on the table, in two halves, the marked one at the front."""
    size, height = (_TARGET / 2, _TARGET, _THIN), _TABLE_TOP - TRAY_HEIGHT + _THIN
    return "".join(
        _box(size, (half * _TARGET / 2, 0, height), material) for half, material in ((1, "target_mark"), (-1, "target"))
    )


def _box(size: tuple[float, ...], position: tuple[float, ...], material: str) -> str:
    return (
        f'<geom type="box" size="{_numbers(size)}" pos="{_numbers(position)}" mass="0" material="{material}" '
        f"{_NO_CONTACT}/>"
    )


def _camera(name: str, position: tuple[float, ...], target: tuple[float, ...], fovy: float) -> str:
    """Write a camera at ``position`` that looks at ``target``, its body's z up in the image; ``fovy`` in degrees."""
    backward = np.subtract(position, target)
    right = np.cross((0, 0, 1), backward)
    up = np.cross(backward, right)
    return f'<camera name="{name}" pos="{_numbers(position)}" xyaxes="{_numbers(right)} {_numbers(up)}" fovy="{fovy}"/>'


def _numbers(values: tuple[float, ...] | np.ndarray) -> str:
    return " ".join(f"{value:.6g}" for value in values)
