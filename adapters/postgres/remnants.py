"""Where PostgreSQL's files have something of rows that were deleted."""

from domain.erasure import Remnant

DEAD_ROWS = Remnant("database_rows", "their space is vacuumed and used again, or face-api purge")

WAL = Remnant("write_ahead_log", "a checkpoint has removed the segments that have it, or face-api purge")

WAL_OF_OWN_SERVER = Remnant(
    "write_ahead_log",
    "your server has recycled and overwritten the segments that have it, and their archive is gone",
)
