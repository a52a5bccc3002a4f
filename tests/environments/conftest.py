"""The backend is chosen before any test here imports mujoco."""

import pytest

from coral_cli.environments.rendering.backend import select_backend

BACKEND = select_backend()


@pytest.fixture(params=["raycast", "opengl"])
def backend(request: pytest.FixtureRequest) -> str:
    """The ray caster, and the machine's OpenGL where there is one."""
    if request.param == "raycast":
        return "raycast"
    if BACKEND == "raycast":
        pytest.skip("no OpenGL on this machine")
    return BACKEND
