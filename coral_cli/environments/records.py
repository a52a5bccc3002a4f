"""The built-in environments. Importing this imports neither mujoco nor dm_control."""

from coral_cli.plugin import Environment

ENVIRONMENTS: tuple[Environment, ...] = ()
