"""Builds or follows a shared index until it is killed; see milvus.py."""

import sys
from pathlib import Path

import uvloop

from adapters.gallery_index.milvus.generations import series_of
from tests.benchmarks.milvus import KEY, opened


async def work(url: str, folder: Path, what: str) -> None:
    """Say when it begins."""
    async with opened(url, folder) as index:
        await index.serving()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            if what == "build":
                await index.build(series_of(KEY))
            else:
                await index.follow()


if __name__ == "__main__":
    uvloop.run(work(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
