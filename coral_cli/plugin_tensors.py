"""What a plugin author imports beside ``coral_cli.plugin`` to compute with torch, which importing it loads.

Import it where ``build`` is carried out, not where the record is yielded.
"""

from coral_cli.parallel.ranks import gather
from coral_cli.representation.batch import masked_mean
from coral_cli.representation.rssm.gaussian import Gaussian

__all__ = ["Gaussian", "gather", "masked_mean"]
