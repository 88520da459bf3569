"""How search keeps up as the gallery grows, among faces that are simulated."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import uvloop

from tests.benchmarks.growth.measure import Growth, measured
from tests.benchmarks.rig import Rig

_PROBES = 1000
_GRAPH_UP_TO = 128
"""Numbers in an embedding; pgvector takes most of an hour to make a graph of a million longer ones."""


def measure(rig: Rig) -> Sequence[Growth]:
    """A result a size of gallery; each has a database of its own."""
    found = []
    for faces, dimensions in rig.effort.galleries:
        rig.tell(f"  {faces:,} faces of {dimensions} numbers")
        with tempfile.TemporaryDirectory() as folder:
            graph = rig.effort.graph and dimensions <= _GRAPH_UP_TO
            work = measured(faces, dimensions, _PROBES, Path(folder), graph=graph)
            found.append(uvloop.run(work))
    return found
