"""Work on one photo, which may fail alone."""

import logging
from collections.abc import Awaitable
from typing import TypeVar

from application.bulk.errors import FATAL
from domain.errors import FaceServiceError

T = TypeVar("T")

logger = logging.getLogger(__name__)


async def attempted(work: Awaitable[T]) -> T | FaceServiceError:
    """The result of `work`, or why there is none.

    Raises:
        FaceServiceError, one of FATAL: no other photo would fare better.
    """
    try:
        return await work
    except FATAL:
        raise
    except FaceServiceError as error:
        return error
    except Exception:
        # A defect of ours, or of a library, that a photo brought to light: the others are to go on.
        logger.exception("a photo could not be dealt with")
        return FaceServiceError("Something went wrong with this photo; the log has the particulars.")
