"""OpenCV's own threads."""

import cv2


def one_thread_an_image() -> None:
    """OpenCV computes in the thread that calls it, in the whole process.

    Images run side by side: threads of its own would only compete with them, and they spin a while after each
    piece of work, which took 7% of the processor.
    """
    cv2.setNumThreads(1)
