"""The use case: embed stored crops with another recognition model."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from application.analysis.embedding import embed_crops
from application.bulk.collections import require_collection
from application.bulk.concurrency import map_ordered, prefetched_pages, result_or_error
from application.ports.crops import Backlog, CropArchive, CropCodec, StoredCrop
from application.ports.faces import EmbeddingRepository, Enrolment, NewFace
from application.ports.models import ModelLibrary
from application.ports.people import CollectionRepository
from application.ports.workers import WorkerPool
from domain.errors import FaceNotFound, FaceServiceError, NotFound
from domain.faces import Embedding
from domain.people import Face

PAGE = 100


@dataclass(frozen=True, slots=True)
class Reembedded:
    """A face and what became of its crop."""

    old: Face
    face: Face | None
    """The new face beside it; None if there is none."""
    error: FaceServiceError | None = None


@dataclass(frozen=True, slots=True)
class ReembedFaces:
    """Enrols, from each stored crop, a face of another model beside the old one, for the same person.

    The new face has the old one's detector, by which the crop was cut, and a copy of the crop. Crops that the model
    has embedded already are passed over: an interrupted run is continued by repeating it.
    """

    crops: CropArchive
    codec: CropCodec
    faces: EmbeddingRepository
    collections: CollectionRepository
    models: ModelLibrary
    workers: WorkerPool
    concurrency: int
    """Maximum number of crops that are processed at once."""

    async def backlog(self, collection: str, recognition_model: str) -> tuple[str, Backlog]:
        """The model's name after aliases, and what is to do for it; the model is loaded.

        Raises:
            UnknownModel, ModelNotInstalled, BrokenModel, CollectionNotFound, InvalidCollection.
        """
        model = self.models.choose(None, recognition_model).recognition
        await self.workers.run(self.models.embedder, model)
        await require_collection(self.collections, collection)
        return model, await self.crops.backlog(collection, model)

    async def execute(self, collection: str, model: str) -> AsyncIterator[Reembedded]:
        """Yield the outcome of each crop; a face that is reported is durable.

        Raises:
            FaceServiceError: one of FATAL; a later run continues here.
        """

        async def embed(stored: StoredCrop) -> Reembedded:
            done = await result_or_error(self._embed(stored, model))
            if isinstance(done, FaceServiceError):
                return Reembedded(stored.face, None, done)
            return Reembedded(stored.face, done.face)

        async for outcome in map_ordered(self._pending(collection, model), embed, self.concurrency):
            # Faces that were deleted or moved in the meantime are not reported.
            if not isinstance(outcome.error, NotFound):
                yield outcome

    async def _pending(self, collection: str, model: str) -> AsyncIterator[StoredCrop]:
        pages = prefetched_pages(
            lambda after: self.crops.pending(collection, model, PAGE, after), lambda last: last.face.id
        )
        async for page in pages:
            for crop in page:
                yield crop

    async def _embed(self, stored: StoredCrop, model: str) -> Enrolment:
        embedding = await self.workers.run(self._embedding, stored.image, model)
        enrolment = await self.faces.add(
            NewFace(
                collection=stored.face.collection,
                person=stored.face.profile_id,
                embedding=embedding,
                detection_model=stored.face.detection_model,
                digest=stored.digest,
                crop=stored.image,
            )
        )
        now = await self.faces.get(stored.face.collection, stored.face.id)
        if enrolment.created and (now is None or now.profile_id != stored.face.profile_id):
            # Whoever deleted the old face in the meantime meant this one as well.
            await self.faces.delete(stored.face.collection, enrolment.face.id)
            raise FaceNotFound
        return enrolment

    def _embedding(self, image: bytes, model: str) -> Embedding:
        ((embedding,), _) = embed_crops(self.models.embedder(model), [self.codec.decode(image)])
        return embedding
