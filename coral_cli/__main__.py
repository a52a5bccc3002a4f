"""The program ``coral``, also as ``python -m coral_cli``."""

import sys


def run() -> int:
    """``coral_cli.app.main``, whose import takes long enough to be interrupted, too."""
    try:
        from coral_cli.app import main

        return main()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(run())
