"""The functions that expressions may call, one module a library."""

from clusters.machinery.cel.library import (
    authorizers,
    formats,
    formatting,
    lists,
    networks,
    operators,
    optionals,
    quantities,
    semvers,
    standard,
    strings,
    times,
    urls,
)

LIBRARIES = (
    authorizers.LIBRARY,
    operators.LIBRARY,
    standard.LIBRARY,
    times.LIBRARY,
    optionals.LIBRARY,
    strings.LIBRARY,
    formatting.LIBRARY,
    lists.LIBRARY,
    urls.LIBRARY,
    quantities.LIBRARY,
    networks.LIBRARY,
    formats.LIBRARY,
    semvers.LIBRARY,
)
