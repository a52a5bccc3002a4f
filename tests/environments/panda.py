"""The arm's kinematics, written down a second time."""

import numpy as np


def dh_tip(q):
    """The rod's tip by the product of modified Denavit-Hartenberg matrices (Craig), then flange and rod."""
    a = [0, 0, 0, 0.0825, -0.0825, 0, 0.088]
    d = [0.333, 0, 0.316, 0, 0.384, 0, 0]
    twist = np.radians([0, -90, 90, 90, -90, 90, 90])
    pose = np.eye(4)
    for i in range(7):
        ca, sa, ct, st = np.cos(twist[i]), np.sin(twist[i]), np.cos(q[i]), np.sin(q[i])
        pose = pose @ [
            [ct, -st, 0, a[i]],
            [st * ca, ct * ca, -sa, -sa * d[i]],
            [st * sa, ct * sa, ca, ca * d[i]],
            [0, 0, 0, 1],
        ]
    return (pose @ [0, 0, 0.107 + 0.195, 1])[:3], pose[:3, 2]
