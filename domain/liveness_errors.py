"""What liveness sessions refuse; see the tree in domain/errors.py."""

from domain.errors import Busy, Conflict, FaceServiceError, InvalidInput, NotFound


class LivenessSessionNotFound(NotFound):
    """No session has this id: it never had, or the session has expired."""

    code = "liveness_session_not_found"
    message = "There is no liveness session with this id, or it has expired."


class LivenessSessionClosed(Conflict):
    """A frame for a session that has its verdict."""

    code = "liveness_session_closed"
    message = "The liveness session has ended; start another."


class LivenessSessionUsed(Conflict):
    """A session that another request was sent with."""

    code = "liveness_session_used"
    message = "The liveness session has been used already; each counts for one request."


class LivenessSessionNotPassed(FaceServiceError):
    """A session that is still open, or has failed, is no evidence."""

    code = "liveness_session_not_passed"
    message = "The liveness session has not been passed."


class LivenessSessionOtherFace(FaceServiceError):
    """The photo doesn't show the face that was in the session."""

    code = "liveness_session_other_face"
    message = "The photo does not show the face of the liveness session."


class WrongNonce(InvalidInput):
    """A frame without the nonce of its session."""

    code = "liveness_nonce_wrong"
    message = "The nonce is not that of the liveness session."


class FrameTooSoon(FaceServiceError):
    """More frames a second than the session takes; the frame is not counted."""

    code = "liveness_frame_too_soon"
    message = "Frames come faster than the liveness session takes them."


class TooManyLivenessSessions(Busy):
    """As many sessions as the operator allows at once."""

    code = "too_many_liveness_sessions"
    message = "There are as many liveness sessions as the service allows; try again later."
