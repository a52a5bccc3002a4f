"""Foreign environments as coral makes them."""

from coral_cli.environments.foreign.adapter import Foreign
from coral_cli.environments.foreign.options import ForeignOptions
from coral_cli.environments.foreign.records import resolve_foreign
from coral_cli.plugin import Rendering

TINY = Rendering(2, 3)


def build(name, rendering=TINY, **options):
    return resolve_foreign(name).build(ForeignOptions(**options), rendering)


def adapted(env, draws=True, rendering=TINY, **options):
    return Foreign("toy", env, ForeignOptions(**options), rendering, draws)
