"""From the file of a photo to its aligned faces, in this process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from application.analysis.detection import LocatedFaces, locate_faces
from application.analysis.selection import FaceSelection, largest_faces, lone_face, select
from application.liveness.gate import LivenessGate
from application.ports.analysis import FaceAligner, ImageDecoder
from application.ports.effort import checkpoint
from application.ports.extraction import ExtractedFace, ExtractedPhoto, ExtractionOptions, FaceExtractor
from application.ports.models import ModelLibrary
from application.ports.quality import QualityAssessor
from domain.faces import DetectedFace, Image
from domain.models import Alignment

_FACE_S = 0.01
"""Processor time of aligning and embedding a face, at least."""


@dataclass(frozen=True, slots=True, eq=False)
class LocalExtractor(FaceExtractor):
    """Decodes, detects, selects, aligns and assesses."""

    decoder: ImageDecoder
    aligners: Mapping[Alignment, FaceAligner]
    models: ModelLibrary
    assessor: QualityAssessor
    gate: LivenessGate

    def extract(self, data: bytes, options: ExtractionOptions) -> ExtractedPhoto:
        """See FaceExtractor.extract."""
        located = self.locate(data, options)
        if options.alignment is not None:
            checkpoint(_FACE_S * len(located.faces))
        return photo_of(located, [self._face(located, face, options) for face in located.faces])

    def locate(self, data: bytes, options: ExtractionOptions) -> LocatedFaces:
        """The selected faces, and the image in which they are."""

        def selected(faces: Sequence[DetectedFace], image: Image) -> list[DetectedFace]:
            if options.lone:
                return lone_face(faces, image)
            found = select(faces, options.selection, image)
            return found if options.max_faces is None else largest_faces(found, options.max_faces)

        return locate_faces(
            data,
            self.decoder,
            self.models.detector(options.detection),
            selected,
            wanted=FaceSelection.SINGLE if options.lone else options.selection,
            min_face=options.min_face,
            # Anti-spoofing looks at the finest structure of the photo, in boxes as precise as when it was measured.
            whole=options.examined,
        )

    def aligned(self, located: LocatedFaces, face: DetectedFace, options: ExtractionOptions) -> ExtractedFace:
        """A face, its crop and its quality, as the options say; it is not examined."""
        image = located.image
        if options.alignment is None:
            return ExtractedFace(image.in_photo(face))
        aligner, placed = self.aligners[options.alignment], None
        if options.lone:
            # Locating landmarks takes most of the time: what is located is aligned by the landmarks that it has.
            placed = aligner.locate(image.pixels, face)
            aligner = self.aligners[Alignment.DETECTED]
        crop = aligner.align(image.pixels, placed or face)
        quality = self.assessor.assess(image, face, crop)
        return ExtractedFace(
            image.in_photo(face), None if placed is None else placed.landmarks, crop, quality
        )

    def _face(self, located: LocatedFaces, face: DetectedFace, options: ExtractionOptions) -> ExtractedFace:
        found = self.aligned(located, face, options)
        if not options.examined:
            return found
        examination = self.gate.examine(located.image.pixels, face)
        return ExtractedFace(found.detected, found.landmarks, found.crop, found.quality, examination)


def photo_of(located: LocatedFaces, faces: Sequence[ExtractedFace]) -> ExtractedPhoto:
    """The faces of a photo with what is known of its image."""
    height, width = located.image.pixels.shape[:2]
    return ExtractedPhoto(tuple(faces), located.left_out, height, width, located.image.reduction)
