"""How fast a backend draws here."""

from __future__ import annotations

import os
import subprocess
import sys

from coral_cli.environments.rendering.backend import settings
from coral_cli.registry.errors import CoralError

SECONDS = 0.2
SIZE = 64  # pixels
_BALL = """
<mujoco><worldbody>
  <light pos="0 0 3"/><camera pos="0 0 4"/><geom type="plane" size="2 2 .1"/><geom size="1" rgba="1 0 0 1"/>
</worldbody></mujoco>
"""


def frames_per_second(backend: str) -> float:
    """Measure how many 64x64 frames of a ball on a floor ``backend`` draws in a second, in quality ``fast``.

    It is measured in a child process, for one process can use one OpenGL only, and takes about a second.
    Raises CoralError when the backend draws nothing.
    """
    child = subprocess.run(
        [sys.executable, "-m", __name__, backend],
        env={**os.environ, **settings(backend)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    if child.returncode:
        reason = (child.stderr.strip().splitlines() or [f"exit code {child.returncode}"])[-1]
        raise CoralError(f"the renderer {backend} draws nothing ({reason}).", "Use another one.")
    return float(child.stdout)


def _measure(backend: str) -> float:
    from time import perf_counter

    import mujoco

    from coral_cli.environments.rendering import make_renderer

    model = mujoco.MjModel.from_xml_string(_BALL)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    renderer = make_renderer(model, SIZE, SIZE, "fast", backend)
    renderer.render(data, 0)  # the first frame takes much longer
    frames, start = 0, perf_counter()
    while (elapsed := perf_counter() - start) < SECONDS:
        renderer.render(data, 0)
        frames += 1
    renderer.close()
    return frames / elapsed


if __name__ == "__main__":
    print(_measure(sys.argv[1]))
