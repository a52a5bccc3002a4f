"""Documents with one thing in them wrong, for tests of what reads them."""

import copy

GONE = object()
WRONG = (GONE, None, "", -1, 1e99, 2**70, 2**40, True, [], {}, [None], {"x": None}, "a\0b", "no such")
"""What may stand in the place of any value."""


def places(document, path=()):
    """The paths of all leaves and branches."""
    if path:
        yield path
    items = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in items:
        yield from places(value, (*path, key))


def changed(document, path, value):
    """A copy of ``document`` with ``value`` at ``path``."""
    document = copy.deepcopy(document)
    branch = document
    for key in path[:-1]:
        branch = branch[key]
    if value is GONE:
        del branch[path[-1]]
    else:
        branch[path[-1]] = value
    return document


def variants(document):
    """Each with the path and the value that is wrong."""
    for path in places(document):
        for value in WRONG:
            yield path, value, changed(document, path, value)
