"""What models do over the protocol: a stage of the pipeline each, which takes and gives as few bytes as it can."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeAlias

import numpy as np
from typing_extensions import override

from adapters.onnx.anti_spoofing.views import cut_view
from adapters.onnx.library import OnnxModelLibrary
from adapters.remote.extractor import CAPTURE, CROP, MEASURES
from adapters.remote.protocol import MalformedMessage, Parameters, Tensor
from application.analysis.extraction import LocalExtractor
from application.ports.extraction import ExtractedFace
from application.ports.liveness import View
from domain.faces import DetectedFace
from domain.liveness.capture import measure
from entrypoints.model_server.parameters import detect_options, number, views_of

MAX_BATCH = 256
"""Crops or views of a request."""

Outputs: TypeAlias = dict[str, Tensor]
Spec: TypeAlias = Mapping[str, tuple[str, list[int]]]
"""By a tensor's name: datatype and shape; -1 is any length."""


class Stage(Protocol):
    """One task. Synchronous: call it in a worker."""

    inputs: ClassVar[Spec]
    outputs: ClassVar[Spec]

    def describe(self, model: str) -> Parameters:
        """What a client needs to know about a model."""
        ...

    def run(
        self, model: str, inputs: Mapping[str, Tensor], parameters: Parameters, wanted: Collection[str]
    ) -> tuple[Outputs, Parameters]:
        """Outputs, and what is said beside them.

        Args:
            model: its name in the catalogue.
            inputs: by name.
            parameters: of the request.
            wanted: names of the outputs that will be sent; there may be others.

        Raises:
            MalformedMessage: the inputs or parameters don't fit.
            FaceServiceError: see the ports.
        """
        ...


@dataclass(frozen=True, slots=True)
class Detect(Stage):
    """From the file of a photo to its faces, with crops, quality and views; or from pixels to boxes."""

    extractor: LocalExtractor
    max_faces: int

    inputs: ClassVar[Spec] = {"file": ("BYTES", [1]), "views": ("FP64", [-1, 3])}
    outputs: ClassVar[Spec] = {
        "boxes": ("FP64", [-1, 4]),
        "scores": ("FP64", [-1]),
        "landmarks": ("FP32", [-1, 5, 2]),
        "crops": ("UINT8", [-1, *CROP]),
        "quality": ("FP64", [-1, len(MEASURES)]),
        "placed": ("FP32", [-1, 5, 2]),
        "captures": ("FP64", [-1, len(CAPTURE)]),
    }

    @override
    def describe(self, model: str) -> Parameters:
        self.extractor.models.detector(model)
        return {"measures": ",".join(MEASURES), "captures": ",".join(CAPTURE)}

    @override
    def run(
        self, model: str, inputs: Mapping[str, Tensor], parameters: Parameters, wanted: Collection[str]
    ) -> tuple[Outputs, Parameters]:
        if "image" in inputs:
            return self._detect(model, _element(inputs, "image"), parameters), {}
        data = _element(inputs, "file")
        views = views_of(inputs.get("views"))
        options = detect_options(model, parameters, examined=views is not None, most=self.max_faces)
        located = self.extractor.locate(data, options)
        faces = [self.extractor.aligned(located, face, options) for face in located.faces]
        outputs = _boxes([face.detected for face in faces])
        if options.alignment is not None:
            outputs |= _aligned(faces)
            if options.lone:
                outputs["placed"] = _points([face.landmarks for face in faces])
        pixels = located.image.pixels
        if views is not None:
            captures = [measure(pixels, face.box) for face in located.faces]
            rows = [[getattr(capture, name) for name in CAPTURE] for capture in captures]
            outputs["captures"] = np.array(rows, dtype=np.float64).reshape(-1, len(CAPTURE))
            for place, view in enumerate(views):
                outputs[f"view_{place}"] = _pictures(
                    [cut_view(pixels, face.box, view) for face in located.faces], view
                )
        height, width = pixels.shape[:2]
        return outputs, {
            "left_out": located.left_out,
            "height": height,
            "width": width,
            "reduction": located.image.reduction,
        }

    def _detect(self, model: str, file: bytes, parameters: Parameters) -> Outputs:
        """FaceDetector.detect of a picture in any lossless format."""
        faces = self.extractor.models.detector(model).detect(
            self.extractor.decoder.decode(file),
            largest_only=parameters.get("largest_only") is True,
            min_face=number(parameters, "min_face", 1, 100_000),
        )
        return _boxes(faces)


@dataclass(frozen=True, slots=True)
class Embed(Stage):
    """Aligned crops to vectors."""

    models: OnnxModelLibrary

    inputs: ClassVar[Spec] = {"crops": ("UINT8", [-1, *CROP])}
    outputs: ClassVar[Spec] = {
        "raw": ("FP32", [-1, -1]),
        "embeddings": ("FP32", [-1, -1]),
        "norms": ("FP32", [-1]),
    }

    @override
    def describe(self, model: str) -> Parameters:
        return {"usual_norm": self.models.embedder(model).usual_norm}

    @override
    def run(
        self, model: str, inputs: Mapping[str, Tensor], parameters: Parameters, wanted: Collection[str]
    ) -> tuple[Outputs, Parameters]:
        crops = _tensor(inputs, "crops", CROP)
        embedder = self.models.embedder(model)
        outputs = {"raw": embedder.embed_raw(list(crops))}
        if "embeddings" in wanted:
            outputs["embeddings"] = embedder.directions(outputs["raw"])
        if "norms" in wanted:
            outputs["norms"] = np.linalg.norm(outputs["raw"], axis=1).astype(np.float32)
        return outputs, {}


@dataclass(frozen=True, slots=True)
class Examine(Stage):
    """Views of faces to scores of presentation attack detection."""

    models: OnnxModelLibrary

    inputs: ClassVar[Spec] = {"views": ("UINT8", [-1, -1, -1, 3])}
    outputs: ClassVar[Spec] = {"scores": ("FP64", [-1])}

    @override
    def describe(self, model: str) -> Parameters:
        scorer = self.models.view_scorer(model)
        (view,) = scorer.views
        return {
            "threshold": scorer.threshold,
            "surroundings": view.surroundings,
            "width": view.width,
            "height": view.height,
        }

    @override
    def run(
        self, model: str, inputs: Mapping[str, Tensor], parameters: Parameters, wanted: Collection[str]
    ) -> tuple[Outputs, Parameters]:
        scorer = self.models.view_scorer(model)
        (view,) = scorer.views
        pictures = _tensor(inputs, "views", (view.height, view.width, 3))
        return {"scores": np.array([scorer.score_views([picture]) for picture in pictures], np.float64)}, {}


def _element(inputs: Mapping[str, Tensor], name: str) -> bytes:
    tensor = inputs.get(name)
    if tensor is None or tensor.dtype != object or tensor.shape != (1,):
        raise MalformedMessage(f"The input {name!r} has to be one element of BYTES.")
    element: bytes = tensor[0]
    return element


def _tensor(inputs: Mapping[str, Tensor], name: str, shape: tuple[int, ...]) -> Tensor:
    tensor = inputs.get(name)
    if (
        tensor is None
        or tensor.dtype != np.uint8
        or tensor.shape[1:] != shape
        or tensor.ndim != len(shape) + 1
    ):
        raise MalformedMessage(f"The input {name!r} has to be UINT8 of N x {' x '.join(map(str, shape))}.")
    if len(tensor) > MAX_BATCH:
        raise MalformedMessage(f"A request may have {MAX_BATCH} faces.")
    return tensor


def _boxes(faces: list[DetectedFace]) -> Outputs:
    rows = [[face.box.x, face.box.y, face.box.width, face.box.height] for face in faces]
    return {
        "boxes": np.array(rows, dtype=np.float64).reshape(-1, 4),
        "scores": np.array([face.score for face in faces], dtype=np.float64),
        "landmarks": _points([face.landmarks for face in faces]),
    }


def _points(landmarks: list[Tensor | None]) -> Tensor:
    missing = np.full((5, 2), np.nan, dtype=np.float32)
    found = [missing if points is None else points for points in landmarks]
    return np.array(found, dtype=np.float32).reshape(-1, 5, 2)


def _aligned(faces: list[ExtractedFace]) -> Outputs:
    rows = [
        [face.quality.values.get(name, np.nan) if face.quality else np.nan for name in MEASURES]
        for face in faces
    ]
    return {
        "crops": np.array([face.crop for face in faces], dtype=np.uint8).reshape(-1, *CROP),
        "quality": np.array(rows, dtype=np.float64).reshape(-1, len(MEASURES)),
    }


def _pictures(pictures: list[Tensor], view: View) -> Tensor:
    return np.array(pictures, dtype=np.uint8).reshape(-1, view.height, view.width, 3)
