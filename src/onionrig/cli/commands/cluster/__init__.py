"""Commands for the hosts of an inventory, one module for each, and for the key that they keep.

Importing them adds them, in the order in which the help lists them.
"""

from onionrig.cli.commands.cluster import (  # isort: skip
    init,  # noqa: F401
    check,  # noqa: F401
    provision,  # noqa: F401
    status,  # noqa: F401
    logs,  # noqa: F401
    collect,  # noqa: F401
    down,  # noqa: F401
    purge,  # noqa: F401
    frontend,  # noqa: F401
)
