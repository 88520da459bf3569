"""A model of MLServer: any network in ONNX's format. It runs in MLServer's environment, and knows nothing of us."""

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import (
    InferenceRequest,
    InferenceResponse,
    MetadataModelResponse,
    MetadataTensor,
    Parameters,
)
from mlserver.utils import get_model_uri


class OnnxModel(MLModel):
    """Serves a file; `extra` of its settings is what is stated beside its tensors."""

    async def load(self) -> bool:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(await get_model_uri(self._settings), options)
        return True

    async def metadata(self) -> MetadataModelResponse:
        return MetadataModelResponse(
            name=self.name,
            platform="onnxruntime",
            versions=[self.version],
            inputs=[_stated(tensor) for tensor in self._session.get_inputs()],
            outputs=[_stated(tensor) for tensor in self._session.get_outputs()],
            parameters=Parameters(**self._settings.parameters.extra),
        )

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        feed = {
            given.name: NumpyCodec.decode_input(given).astype(np.float32, copy=False)
            for given in payload.inputs
        }
        names = [tensor.name for tensor in self._session.get_outputs()]
        outputs = [
            NumpyCodec.encode_output(name, value)
            for name, value in zip(names, self._session.run(names, feed), strict=True)
        ]
        return InferenceResponse(model_name=self.name, model_version=self.version, outputs=outputs)


def _stated(tensor: "onnxruntime.NodeArg") -> MetadataTensor:
    shape = [length if isinstance(length, int) else -1 for length in tensor.shape]
    return MetadataTensor(name=tensor.name, datatype="FP32", shape=shape)
