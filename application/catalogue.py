"""The use case on models: which there are."""

from dataclasses import dataclass, replace

from application.decisions import DecisionPolicy
from application.ports.models import ModelLibrary
from application.ports.workers import WorkerPool
from domain.errors import ModelNotCalibrated
from domain.models import ModelInfo


@dataclass(frozen=True, slots=True)
class ListModels:
    """Lists the models of the catalogue."""

    models: ModelLibrary
    workers: WorkerPool
    policy: DecisionPolicy

    async def execute(self) -> list[ModelInfo]:
        """All of them, installed or not. Looking at files is work for a worker."""
        return [self._calibrated(model) for model in await self.workers.run(self.models.list)]

    def _calibrated(self, model: ModelInfo) -> ModelInfo:
        if model.dimensions is None:
            return model
        try:
            threshold = self.policy.verification(model.name)
        except ModelNotCalibrated:
            return model
        return replace(model, threshold=threshold.similarity, fmr=threshold.fmr)
