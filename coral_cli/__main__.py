"""The program ``coral``, also as ``python -m coral_cli``."""

import contextlib
import os
import sys

from coral_cli.registry.stopping import Stopped, listening, report


def run() -> int:
    """Run ``coral_cli.app.main``, whose import takes long enough to be interrupted, too."""
    try:
        with listening():
            from coral_cli.app import main

            return main()
    except Stopped as stopped:
        return report(stopped)
    finally:
        _let_go()


def _let_go() -> None:
    """Leave nothing to write to a reader who has gone: Python would end with an exit code of its own, 120."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):  # there is none, nobody reads it, or it is closed
            with contextlib.suppress(AttributeError, OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    sys.exit(run())
