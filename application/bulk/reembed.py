"""The use case: embed the crops that were kept under another recognition model."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from application.analysis import embed_crops
from application.bulk.attempts import attempted
from application.bulk.lanes import in_order
from application.ports.crops import Backlog, CropArchive, CropCodec, StoredCrop
from application.ports.faces import EmbeddingRepository, Enrolment, NewFace
from application.ports.models import ModelLibrary
from application.ports.people import CollectionRepository
from application.ports.workers import WorkerPool
from domain.errors import CollectionNotFound, FaceNotFound, FaceServiceError, NotFound
from domain.faces import Embedding
from domain.people import Face, FaceId, collection_name

PAGE = 100


@dataclass(frozen=True, slots=True)
class Reembedded:
    """A face and what became of its crop."""

    old: Face
    face: Face | None
    """The one beside it; None when there is none."""
    error: FaceServiceError | None = None


@dataclass(frozen=True, slots=True)
class ReembedFaces:
    """Makes, of each kept crop, a face of another model beside the old one, for the same person.

    The crop was cut out by the old face's detector, whose name the new face bears, and the new face keeps the
    crop too. What the model has embedded already is left alone, so that an interrupted run is continued by
    repeating it.
    """

    crops: CropArchive
    codec: CropCodec
    faces: EmbeddingRepository
    collections: CollectionRepository
    models: ModelLibrary
    workers: WorkerPool
    width: int
    """How many crops are on their way at once."""

    async def backlog(self, collection: str, recognition_model: str) -> tuple[str, Backlog]:
        """The model that is meant, loaded, and what there is to do for it.

        Raises:
            UnknownModel, ModelNotInstalled, BrokenModel, CollectionNotFound, InvalidCollection.
        """
        model = self.models.choose(None, recognition_model).recognition
        await self.workers.run(self.models.embedder, model)
        if await self.collections.get(collection_name(collection)) is None:
            raise CollectionNotFound
        return model, await self.crops.backlog(collection, model)

    async def execute(self, collection: str, model: str) -> AsyncIterator[Reembedded]:
        """What became of each crop; a face is durable when it is told.

        Raises:
            FaceServiceError, one of FATAL: nothing more can be done now; a later run goes on from here.
        """

        async def embed(kept: StoredCrop) -> Reembedded:
            done = await attempted(self._embed(kept, model))
            if isinstance(done, FaceServiceError):
                return Reembedded(kept.face, None, done)
            return Reembedded(kept.face, done.face)

        async for outcome in in_order(self._pending(collection, model), embed, self.width):
            # What was deleted or moved in the meantime is not to be told of.
            if not isinstance(outcome.error, NotFound):
                yield outcome

    async def _pending(self, collection: str, model: str) -> AsyncIterator[StoredCrop]:
        after: FaceId | None = None
        while page := await self.crops.pending(collection, model, PAGE, after):
            for kept in page:
                yield kept
            after = page[-1].face.id

    async def _embed(self, kept: StoredCrop, model: str) -> Enrolment:
        embedding = await self.workers.run(self._embedding, kept.image, model)
        enrolment = await self.faces.add(
            NewFace(
                collection=kept.face.collection,
                person=kept.face.profile_id,
                embedding=embedding,
                detection_model=kept.face.detection_model,
                digest=kept.digest,
                crop=kept.image,
            )
        )
        now = await self.faces.get(kept.face.collection, kept.face.id)
        if enrolment.created and (now is None or now.profile_id != kept.face.profile_id):
            # Who deleted the face meanwhile meant this one, too, and didn't know of it.
            await self.faces.delete(kept.face.collection, enrolment.face.id)
            raise FaceNotFound
        return enrolment

    def _embedding(self, image: bytes, model: str) -> Embedding:
        ((embedding,), _) = embed_crops(self.models.embedder(model), [self.codec.decode(image)])
        return embedding
