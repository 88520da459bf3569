"""/api/face/liveness/session: movements that show that a face is alive."""

from http import HTTPStatus
from typing import Annotated

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter

from application.liveness.sessions import ReadLivenessSession, StartLivenessSession, TakeLivenessFrame
from domain import errors
from domain.liveness import errors as liveness_errors
from entrypoints.http.openapi.refusals import refusals
from entrypoints.http.openapi.request_bodies import either, frame_body
from entrypoints.http.requests.multipart import AnyRequest
from entrypoints.http.requests.parameters import DetectionModel, RecognitionModel
from entrypoints.http.requests.photos import read_frame
from entrypoints.http.views.liveness_sessions import LivenessSessionAnswer, StartedAnswer

SessionId = Annotated[str, PathParameter(description="The session's", min_length=1, max_length=64)]

Mirrored = Annotated[
    bool, QueryParameter(description="Whether frames are mirrored, as a screen shows people to themselves")
]


class LivenessSessionController(Controller):
    """Liveness sessions."""

    path = "/api/face/liveness/session"
    tags = ("liveness",)

    @post(
        status_code=HTTPStatus.OK,
        summary="Start a liveness session",
        responses=refusals(
            liveness_errors.TooManyLivenessSessions, errors.UnknownModel, errors.ModelNotCalibrated
        ),
    )
    async def start_liveness_session(
        self,
        start_liveness_session: NamedDependency[StartLivenessSession],
        detection_model: DetectionModel = None,
        recognition_model: RecognitionModel = None,
        mirrored: Mirrored = False,
    ) -> StartedAnswer:
        """Draws movements of the head that the person has to make before the camera, in this order.

        The requests that are to use the session need the same recognition model.
        """
        session = await start_liveness_session.execute(detection_model, recognition_model, mirrored=mirrored)
        return StartedAnswer.of(session, start_liveness_session.limits)

    @post(
        either("/{session_id:str}/frame"),
        status_code=HTTPStatus.OK,
        operation_class=frame_body(),
        summary="Send a frame of a liveness session",
        responses=refusals(
            liveness_errors.LivenessSessionNotFound,
            liveness_errors.LivenessSessionClosed,
            liveness_errors.WrongNonce,
            liveness_errors.FrameTooSoon,
            errors.InvalidImage,
            errors.ImageTooLarge,
            errors.ModelNotInstalled,
            errors.BrokenModel,
            errors.Busy,
        ),
    )
    async def send_liveness_frame(
        self,
        request: AnyRequest,
        take_liveness_frame: NamedDependency[TakeLivenessFrame],
        session_id: SessionId,
    ) -> LivenessSessionAnswer:
        """Takes what the camera shows now, one to five times a second; the picture is not stored.

        A frame that is sent twice fails the session: after an error send a new one. Unless the
        session was started with `mirrored=true`, a head that turns to its left points to the picture's right.
        """
        nonce, data = await read_frame(request)
        session = await take_liveness_frame.execute(session_id, nonce, data)
        return LivenessSessionAnswer.of(session, take_liveness_frame.limits)

    @get(
        "/{session_id:str}",
        summary="Get a liveness session",
        responses=refusals(liveness_errors.LivenessSessionNotFound),
    )
    async def get_liveness_session(
        self, read_liveness_session: NamedDependency[ReadLivenessSession], session_id: SessionId
    ) -> LivenessSessionAnswer:
        """The verdict, or what is still to be done."""
        session = await read_liveness_session.execute(session_id)
        return LivenessSessionAnswer.of(session, read_liveness_session.limits)
