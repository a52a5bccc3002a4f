"""What a plugin author imports beside ``coral_cli.plugin`` to read recordings.

Import it where ``build`` is carried out, not where the record is yielded.
"""

from coral_cli.recordings.values import sensor_of
from coral_cli.runs.documents import read as read_json

__all__ = ["read_json", "sensor_of"]
