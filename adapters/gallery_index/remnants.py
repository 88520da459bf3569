"""Where saved indexes have something of faces that were deleted."""

from datetime import timedelta

from domain.erasure import Remnant

INDEX_FILES = Remnant(
    "index_files",
    "they and the codes in memory are made anew, or face-api purge",
    timedelta(minutes=6),
)
"""While the service runs: its indexes read the deletion after 30 s at most, and erase after 5 minutes."""

INDEX_SERVER = Remnant(
    "index_server", "the index has followed the deletion and Milvus has compacted the segments that have it"
)
