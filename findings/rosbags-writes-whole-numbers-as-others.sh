#!/usr/bin/env bash
# The covariance of an IMU that has none begins with -1, so one writes numpy.array([-1, 0, 0, 0, 0, 0, 0, 0, 0]); NumPy makes whole
# numbers of it, and rosbags, whose messages hold arrays of float64, takes their bits as they are: -1 comes back as NaN, 1 as 5e-324.
# Joint angles of numpy.array([0, 1, 2]) come back as zeros, near enough, and so does any array of the other byte order. Nothing is raised
# on writing or reading, and ROS reads the same. An array of float32 is refused, which makes one think that types are looked at: only the
# sizes of elements are. So write numpy.array(..., dtype=numpy.float64), or give each array .astype(numpy.float64).
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q rosbags==0.11.9 numpy==2.4.6
cd "$place"
venv/bin/python - <<'PY'
import sys
from importlib.metadata import version

import numpy as np
from rosbags.rosbag2 import Reader, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

print("Python", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("rosbags", "numpy")))
store = get_typestore(Stores.ROS2_HUMBLE)
kinds = {name.rsplit("/", 1)[1]: kind for name, kind in store.types.items()}
header = kinds["Header"](stamp=kinds["Time"](sec=1, nanosec=0), frame_id="imu")
zero, none = kinds["Vector3"](0.0, 0.0, 0.0), np.zeros(9)


def imu(covariance):
    return kinds["Imu"](header, kinds["Quaternion"](0.0, 0.0, 0.0, 1.0), covariance, zero, none, zero, none)


whole = np.array([-1, 0, 0, 0, 0, 0, 0, 0, 0])
with Writer("bag", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
    connection = writer.add_connection("/imu", "sensor_msgs/msg/Imu", typestore=store)
    for time, covariance in enumerate((whole, whole.astype(np.float64))):
        writer.write(connection, time, store.serialize_cdr(imu(covariance), connection.msgtype))
with Reader("bag") as reader:
    first, second = (store.deserialize_cdr(raw, connection.msgtype).orientation_covariance for connection, _, raw in reader.messages())
print("the covariance as int64 comes back as", first, "and as float64 as", second)
try:
    store.serialize_cdr(imu(whole.astype(np.float32)), "sensor_msgs/msg/Imu")
    refused = False
except ValueError as error:
    refused = True
    print("as float32 it is refused:", error)
angles = kinds["JointState"](header, ["a", "b", "c"], np.array([0, 1, 2]), np.zeros(0), np.zeros(0))
raw = store.serialize_cdr(angles, "sensor_msgs/msg/JointState")
position = store.deserialize_cdr(raw, "sensor_msgs/msg/JointState").position
print("joint angles 0, 1 and 2 as int64 come back as", position)
if not (refused and np.isnan(first[0]) and (second == whole).all() and 0 < position[2] < 1e-300):
    sys.exit("it has changed")
PY
