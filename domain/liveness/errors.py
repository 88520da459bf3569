"""Errors of liveness sessions; see the tree in domain/errors.py."""

from domain.errors import Busy, Conflict, FaceServiceError, InvalidInput, NotFound


class LivenessSessionNotFound(NotFound):
    """No session has this id: it never had, or the session has expired."""

    code = "liveness_session_not_found"
    message = "There is no liveness session with this id, or it has expired."


class LivenessSessionClosed(Conflict):
    """A frame was sent to a session that has ended."""

    code = "liveness_session_closed"
    message = "The liveness session has ended; start another."


class LivenessSessionUsed(Conflict):
    """The session was already used by another request."""

    code = "liveness_session_used"
    message = "The liveness session has been used already; each counts for one request."


class LivenessSessionNotPassed(FaceServiceError):
    """The session is still open or has failed."""

    code = "liveness_session_not_passed"
    message = "The liveness session has not been passed."


class LivenessSessionOtherFace(FaceServiceError):
    """The photo doesn't show the face that was in the session."""

    code = "liveness_session_other_face"
    message = "The photo does not show the face of the liveness session."


class WrongNonce(InvalidInput):
    """The frame's nonce is not that of its session."""

    code = "liveness_nonce_wrong"
    message = "The nonce is not that of the liveness session."


class FrameTooSoon(FaceServiceError):
    """Frames exceed the session's rate; the frame is not counted."""

    code = "liveness_frame_too_soon"
    message = "Frames come faster than the liveness session takes them."


class TooManyLivenessSessions(Busy):
    """The limit of concurrent sessions is reached."""

    code = "too_many_liveness_sessions"
    message = "There are as many liveness sessions as the service allows; try again later."
