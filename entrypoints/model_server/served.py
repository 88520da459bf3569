"""The models that a model service serves: by name, each as the stage of its task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.onnx.library import OnnxModelLibrary
from adapters.remote.library import OURS
from adapters.remote.protocol import Answer, Parameters, Request, Tensor, write_answer
from application.errors import StartupError
from application.ports.workers import WorkerPool
from domain.errors import FaceServiceError, UnknownModel
from entrypoints.bootstrap.remedies import explained
from entrypoints.model_server.stages import Outputs, Spec, Stage

PLATFORM = OURS


@dataclass(frozen=True, slots=True)
class ServedModels:
    """Synchronous: call it in a worker."""

    library: OnnxModelLibrary
    stages: Mapping[str, Stage]
    """By task."""
    needed: Sequence[str]
    """Models that are loaded at the start, and without which the service isn't ready."""

    def load(self) -> None:
        """Load what is needed.

        Raises:
            StartupError: some are missing, broken, or of no task that is served.
        """
        problems = []
        for name in self.needed:
            try:
                self.metadata(self.library.resolve(name))
            except FaceServiceError as error:
                problems.append(f"{name}: {explained(error)}")
        if problems:
            raise StartupError("; ".join(problems))

    def index(self) -> list[dict[str, str]]:
        """All models of the tasks, and whether they are here."""
        return [
            {"name": model.name, "state": "READY" if model.installed else "UNAVAILABLE"}
            for model in self.library.list()
            if model.task in self.stages
        ]

    def metadata(self, model: str) -> dict[str, Any]:
        """What the protocol says of a model, which is loaded; `parameters` are ours.

        Raises:
            UnknownModel: it isn't served.
            ModelNotInstalled, BrokenModel: it can't be.
        """
        stage = self._stage(model)
        return {
            "name": model,
            "versions": ["1"],
            "platform": PLATFORM,
            "inputs": _tensors(stage.inputs),
            "outputs": _tensors(stage.outputs),
            "parameters": {**stage.describe(model), **self._identity(model)},  # loaded first, then identified
        }

    def infer(self, model: str, request: Request, inputs: Mapping[str, Tensor]) -> tuple[bytes, int | None]:
        """The body of the answer to a request, and the length of its JSON.

        Raises:
            MalformedMessage: the request doesn't fit the model.
            FaceServiceError: see Stage.run.
        """
        stage, wanted = self._stage(model), {output.name for output in request.outputs}
        outputs, said = stage.run(model, inputs, request.parameters, wanted or stage.outputs)
        if wanted:
            outputs = {name: tensor for name, tensor in outputs.items() if name in wanted}
        answer = Answer(
            model_name=model,
            model_version="1",
            id=request.id,
            parameters={**said, **self._identity(model)},
            outputs=[],
        )
        return write_answer(answer, outputs, _binary(request, outputs))

    def _stage(self, model: str) -> Stage:
        task = self.library.task(model)
        if task not in self.stages or self.library.resolve(model) != model:
            raise UnknownModel(f"This service serves no model named {model[:40]!r}.")
        return self.stages[task]

    def _identity(self, model: str) -> Parameters:
        identity = self.library.identity(model)
        return {
            "sha256": self.library.sha256(model),
            "dimensions": identity.dimensions,
            "embeddings": identity.embeddings,
        }


@dataclass(frozen=True, slots=True)
class Serving:
    """What handlers need, in one: the framework takes long to put several together."""

    models: ServedModels
    workers: WorkerPool


def _tensors(spec: Spec) -> list[dict[str, Any]]:
    return [{"name": name, "datatype": kind, "shape": shape} for name, (kind, shape) in spec.items()]


def _binary(request: Request, outputs: Outputs) -> set[str]:
    """The outputs that are to be sent as bytes."""
    by_default = request.parameters.get("binary_data_output") is True
    said = {output.name: output.parameters.get("binary_data", by_default) for output in request.outputs}
    return {name for name in outputs if said.get(name, by_default) is True}
