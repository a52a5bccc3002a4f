"""``python -m coral_cli``."""

import sys

from coral_cli.app import main

sys.exit(main())
