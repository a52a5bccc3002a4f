#!/usr/bin/env bash
# A part that was drawn in millimetres has mesh.units = "mm" in trimesh. Collada files say what their unit is, and glTF's is the metre by
# its specification. trimesh writes the numbers of a mesh into both as they are, without a unit: so the part is a thousand times as large
# for whoever reads the file, and trimesh, too, reads the Collada file back as metres. Of a glTF file trimesh alone knows better, by an
# entry of its own. STL and OBJ have no units, and lose the word as one expects. A simulator that takes such a
# file for a collision shape has a wall where a screw should be. mesh.convert_units("m") before writing makes it right.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
pip() { "$place/venv/bin/python" -m pip --disable-pip-version-check "$@"; }
pip install -q trimesh==5.2.0 pycollada==0.9.2 pygltflib==1.16.5 numpy==2.4.6 scipy==1.17.1
cd "$place"
"$place/venv/bin/python" - <<'PY'
import sys
from importlib.metadata import version

import trimesh
from collada import Collada
from pygltflib import GLTF2

names = ("trimesh", "pycollada", "pygltflib")
print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in names))
screw = trimesh.creation.box((30, 4, 4))
screw.units = "mm"
screw.export("screw.dae")
screw.export("screw.glb")

unit = Collada("screw.dae").assetInfo.unitmeter
again = trimesh.load_scene("screw.dae")
points = [box for box in GLTF2().load("screw.glb").accessors if box.type == "VEC3"][0]
glb = points.max[0] - points.min[0]
other = trimesh.load_scene("screw.glb")
print("a screw of 30 mm; Collada's unit is", unit or 1.0, "m, and trimesh reads", again.extents[0], again.units)
print("as glTF its points span", glb, "of what are metres; trimesh reads", other.extents[0], other.units)
screw.convert_units("m")
print("after convert_units:", screw.extents[0], screw.units)
if (unit or 1.0, again.units, float(again.extents[0]), glb, other.units) != (1.0, "meters", 30.0, 30.0, "mm"):
    sys.exit("it has changed")
PY
