"""Several cameras, one set of flags: what is said of the sensor ``image`` holds for the others, too."""

from __future__ import annotations

from collections.abc import Mapping

from coral_cli.registry.options import Json
from coral_cli.registry.sensors import SensorKind

LEADER = "image"
PARTS = ("loss", "encoder")


def followed(flags: Mapping[str, Json], sensors: Mapping[str, SensorKind]) -> dict[str, Json]:
    """Return what ``flags`` mean for images that have no flags of their own: the same as for ``image``.

    An option is not handed on to another component.
    """
    if sensors.get(LEADER) != "image":
        return {}
    others = [name.replace("_", "-") for name, kind in sensors.items() if kind == "image" and name != LEADER]
    found = {}
    for flag, value in flags.items():
        slot, option, _ = flag.partition(".")
        for own, part in ((f"{name}-{part}", part) for name in others for part in PARTS):
            same = flags.get(own, flags.get(slot)) == flags.get(slot)
            if slot == f"{LEADER}-{part}" and (same or not option):
                found[own + flag.removeprefix(slot)] = value
    return found
