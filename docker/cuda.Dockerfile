# The image with ONNX Runtime for NVIDIA's GPUs instead of the one for processors. From the repository's root:
#   docker build -t face-api -f docker/Dockerfile . && docker build -t face-api:cuda -f docker/cuda.Dockerfile .
#   docker run --gpus all ... face-api:cuda

ARG IMAGE=face-api
FROM ${IMAGE} AS face

FROM python:3.11-slim-trixie AS build
COPY --from=face /opt/face /opt/face
COPY requirements/cuda.txt /tmp/
# Both packages have the same files, so that the one must be gone before the other comes.
RUN pip --python /opt/face uninstall --yes onnxruntime \
    && pip --python /opt/face install --no-deps --require-hashes --only-binary :all: -r /tmp/cuda.txt

FROM face
COPY --from=build /opt/face /opt/face
ENV FACE_DEVICE=cuda \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
