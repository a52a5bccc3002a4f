"""Normals from neighbouring rays, against those that MuJoCo gives."""

import mujoco
import numpy as np
import pytest

from coral_cli.environments.rendering.rays import (
    GIVES_NORMALS,
    at_geoms,
    at_site,
    geoms_by_neighbours,
    site_by_neighbours,
)

SCENE = """
<mujoco>
  <asset>
    <hfield name="hills" nrow="3" ncol="3" size="1 1 .3 .1" elevation="0 1 0 1 0 1 0 1 0"/>
    <mesh name="wedge" vertex="0 0 0 1 0 0 0 1 0 0 0 1"/>
  </asset>
  <worldbody>
    <geom type="plane" size="9 9 1"/>
    <geom type="sphere" size=".4" pos="-2 0 .5"/>
    <geom type="box" size=".3 .4 .5" pos="-1 1 .6" euler="10 20 30"/>
    <geom type="capsule" size=".2 .4" pos="0 0 .8" euler="50 0 10"/>
    <geom type="cylinder" size=".3 .4" pos="1 1 .6" euler="20 30 0"/>
    <geom type="ellipsoid" size=".3 .5 .2" pos="2 0 .5" euler="0 0 30"/>
    <geom type="hfield" hfield="hills" pos="0 3 .2"/>
    <geom type="mesh" mesh="wedge" pos="1 -1 .3" euler="0 0 40"/>
    <site type="SHAPE" size=".5 .6 .7" pos="0 0 1" euler="15 25 35"/>
  </worldbody>
</mujoco>
"""

new_enough = pytest.mark.skipif(not GIVES_NORMALS, reason="this MuJoCo gives no normals to compare with")


def seen_from(origin, count=4000, shape="box"):
    model = mujoco.MjModel.from_xml_string(SCENE.replace("SHAPE", shape))
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    rays = np.random.default_rng(0).normal(size=(count, 3))
    return model, data, np.array(origin), rays / np.linalg.norm(rays, axis=1, keepdims=True)


@new_enough
@pytest.mark.parametrize("origin", [(0.1, -4, 2), (0.3, 0.2, 5), (-2, 0, 0.5), (-1, 1, 0.6)])  # the last two: inside
def test_geoms_of_every_kind(origin):
    model, data, origin, rays = seen_from(origin)
    shapes, distances, normals = at_geoms(model, data, origin, rays)
    ours = geoms_by_neighbours(model, data, origin, rays)
    assert (ours.shapes == shapes).all() and (ours.distances == distances).all()
    hit = shapes >= 0
    agree = np.einsum("ij,ij->i", normals, ours.normals)[hit] > 1 - 1e-6
    assert agree.mean() > 0.998  # all but the rays that graze an edge
    assert set(np.unique(shapes[hit][agree])) >= set(np.unique(shapes[hit]))


@new_enough
@pytest.mark.parametrize("shape", ["box", "sphere", "ellipsoid", "capsule", "cylinder"])
def test_sites(shape):
    model, data, origin, rays = seen_from((0.2, -2, 1), 1000, shape)
    shapes, distances, normals = at_site(model, data, 0, origin, rays)
    ours = site_by_neighbours(model, data, 0, origin, rays)
    assert (ours.shapes == shapes).all() and (ours.distances == distances).all()
    hit = shapes >= 0
    assert hit.sum() > 10
    assert (np.einsum("ij,ij->i", normals, ours.normals)[hit] > 1 - 1e-6).mean() > 0.99


def test_by_hand():
    """A ray straight down meets the floor's top; one along x the near side of a sphere at (-2, 0, 0.5)."""
    model, data, _, _ = seen_from((0, 0, 0))
    down = geoms_by_neighbours(model, data, np.array([5.0, 5, 3]), np.array([[0.0, 0, -1]]))
    assert (down.shapes[0], down.distances[0]) == (0, pytest.approx(3))
    assert down.normals[0] == pytest.approx([0, 0, 1])
    along = geoms_by_neighbours(model, data, np.array([-5.0, 0, 0.5]), np.array([[1.0, 0, 0]]))
    assert (along.shapes[0], along.distances[0]) == (1, pytest.approx(2.6))
    assert along.normals[0] == pytest.approx([-1, 0, 0], abs=1e-4)
