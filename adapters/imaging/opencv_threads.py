"""OpenCV's own threads."""

import cv2


def use_one_opencv_thread() -> None:
    """Make OpenCV compute in the calling thread, in the whole process.

    Images are processed in parallel: threads of OpenCV's own would only compete, and they spin after each piece of
    work, which took 7% of the processor.
    """
    cv2.setNumThreads(1)
