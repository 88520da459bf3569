"""The keys of the configuration, their values and defaults."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from adapters.onnx.engines.devices import DEVICE_PATTERN
from adapters.threads.pool import COSTLY_S
from application.analysis.analyser import DEFAULT_MAX_FACES
from application.decisions import CalibrationMode
from domain.limits import MAX_CONCURRENT_PHOTOS, MAX_REQUESTS_PER_MINUTE
from domain.liveness.detection import LivenessPolicy
from domain.quality import LENIENT, STRICT, QualityBounds
from entrypoints.bootstrap.values import AUTHORITY, EncryptionKey, HostName, IPNetwork, Origin, ServiceUrl


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """An attribute for each key of `.env.example`, which tells operators what it means."""

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 5000
    allow_anonymous: bool = False
    """Requests without an API key may do everything, wherever they come from."""
    first_key: bool = False
    """Make an administrator's key at the first start, and show it once."""
    allowed_hosts: list[HostName] = []
    """Host names by which clients call the service, besides loopback names and IP addresses."""
    cors_origins: list[Origin] = []
    """Origins of other sites whose pages may use the service."""
    data_dir: Path = msgspec.field(default_factory=lambda: Path("data").absolute())
    """A relative path starts at the working directory."""
    database_url: Annotated[
        str,
        Meta(
            pattern=r"^(embedded|memory|postgresql[+]asyncpg://.+)$",
            description="embedded, memory or postgresql+asyncpg://...",
        ),
    ] = "embedded"
    search: Literal["index", "pgvector"] = "index"
    """What searches galleries that are in PostgreSQL: an index in memory, or the database."""
    index_url: Annotated[
        str,
        Meta(
            pattern=rf"^(https?://{AUTHORITY}/?|[^:]+)?$",
            description="http://name:port or https://name:port of a Milvus server, or a folder for milvus-lite",
        ),
    ] = ""
    """Where an index is that instances share, instead of one in memory; empty: nowhere."""
    index_token: Annotated[
        str, Meta(pattern=r"^[!-~]{0,1024}$", description="user:password or an API key")
    ] = ""
    """What Milvus knows the service by."""
    index_ca: Path | None = None
    """The certificate of the authority that has signed Milvus's, as PEM; None means those of the system."""
    index_type: Literal["FLAT", "IVF_FLAT", "IVF_RABITQ", "SCANN"] = "FLAT"
    """Milvus's index; another one is built by `face-api index rebuild`."""
    index_fallback_faces: Annotated[int, Meta(ge=0, le=1_000_000_000)] = 1_000_000
    """Galleries of up to so many faces are searched by the database while the index can't be."""
    detection_model: str = "yunet"
    recognition_model: str = "sface"
    inference: Literal["auto", "onnxruntime", "openvino"] = "auto"
    """What runs the models; auto is what is fastest on this processor."""
    precision: Literal["auto", "float", "int8"] = "auto"
    """In which models are run that can be run in several; auto is float, and estimates in what is fastest here."""
    device: Annotated[
        str,
        Meta(pattern=DEVICE_PATTERN, description="cpu, cuda, cuda:N, tensorrt, tensorrt:N or openvino:GPU"),
    ] = "cpu"
    """What they run on; never anything else instead."""
    detection_url: list[ServiceUrl] = []
    """Model services that detect faces; without one this process does."""
    recognition_url: list[ServiceUrl] = []
    """Model services that embed faces, likewise."""
    anti_spoofing_url: list[ServiceUrl] = []
    """Model services that examine faces for presentation attacks, likewise."""
    service_key: Annotated[
        str, Meta(pattern=r"^([!-~]{16,256})?$", description="16 to 256 printable characters without blanks")
    ] = ""
    """What services show to each other."""
    service_certificate: Path | None = None
    """What a service shows over https, with those of intermediate authorities, as PEM."""
    service_certificate_key: Path | None = None
    """Its private key, as PEM, without a password."""
    service_ca: Path | None = None
    """The authority that has signed the other services' certificates, as PEM; a model service then asks for one."""
    service_timeout_s: Annotated[float, Meta(gt=0, le=600)] = 10
    """What a photo may take in all model services together."""
    target_fmr: Annotated[float, Meta(gt=0, le=0.5)] = 1e-4
    """False match rate of verification: the share of comparisons of different people that may match."""
    target_fpir: Annotated[float, Meta(gt=0, le=0.5)] = 0.01
    """False positive identification rate: the share of non-mated probes that may be taken for somebody."""
    calibration: CalibrationMode = CalibrationMode.GALLERY
    """Whether thresholds are fitted to the people who are enrolled."""
    ambiguity_margin: Annotated[float, Meta(ge=0, le=1)] = 0.02
    """In cosine similarity."""
    identification_method: Literal["nearest", "mean", "template"] = "nearest"
    liveness: LivenessPolicy = LivenessPolicy.OFF
    liveness_models: list[str] = msgspec.field(default_factory=lambda: ["minifasnet_v2", "minifasnet_v1se"])
    """Those that are installed are averaged."""
    liveness_session_movements: Annotated[int, Meta(ge=2, le=3)] = 3
    """Number of head movements that a session asks for."""
    liveness_session_deadline_s: Annotated[float, Meta(ge=5, le=600)] = 60
    """From a session's beginning to the end of its last movement."""
    liveness_session_valid_s: Annotated[float, Meta(ge=1, le=3600)] = 300
    """How long a session that was passed can be used."""
    liveness_session_gap_s: Annotated[float, Meta(ge=1, le=10)] = 2.5
    """The longest time without a frame that shows the face."""
    liveness_session_frames: Annotated[int, Meta(ge=10, le=1000)] = 300
    """Most frames of a session."""
    liveness_session_rate: Annotated[int, Meta(ge=1, le=30)] = 5
    """Most frames a second of a session."""
    liveness_session_frame_kb: Annotated[float, Meta(gt=0, le=10_000)] = 1000
    """The largest frame, in 10^3 bytes."""
    liveness_session_most: Annotated[int, Meta(ge=1, le=1_000_000)] = 2000
    """Most sessions that have not expired, in all processes together."""
    quality_enrolment: QualityBounds = STRICT
    quality_recognition: QualityBounds = LENIENT
    store_crops: bool = False
    """Keep the aligned crops of enrolled faces."""
    encryption_key: list[EncryptionKey] = []
    """Encrypt embeddings and crops where they are stored; the first key encrypts, the others only decrypt."""
    encryption_key_file: Path | None = None
    """A file with such keys, one a line, instead."""
    models_dir: Path | None = None
    """Of model files that don't come with the installation; None means `models` in the data directory."""
    model_aliases: dict[str, str] = {}
    """Names that clients send, and the models that are meant."""
    preload: list[str] = []
    """Models to load at the start, besides the defaults."""
    processes: Annotated[int, Meta(ge=0, le=16)] = 0
    """Processes that answer; 0 means one for every four cores, four at most."""
    workers: Annotated[int, Meta(ge=0, le=256)] = 0
    """Threads of a process that analyse images; 0 means one for each of its cores, and one more."""
    queue: Annotated[int, Meta(ge=0, le=100_000)] = 64
    """Images that may wait for a worker of a process before the answer is 503."""
    costly_s: Annotated[float, Meta(ge=0, le=3600)] = COSTLY_S
    """How long a photo may take that takes much longer than others, while these wait; 0: they are treated alike."""
    requests_per_minute: Annotated[int, Meta(ge=0, le=MAX_REQUESTS_PER_MINUTE)] = 0
    """Requests in any 60 seconds of a key without a limit of its own, or of an address without keys; 0: unlimited."""
    concurrent_photos: Annotated[int, Meta(ge=0, le=MAX_CONCURRENT_PHOTOS)] = 0
    """Photos in work at once, of the same; 0: unlimited."""
    deadline_s: Annotated[float, Meta(ge=1, le=3600)] = 30
    """From a request's arrival to its answer."""
    max_body_mb: Annotated[float, Meta(gt=0, le=1024)] = 15
    """Largest request, in 10^6 bytes."""
    max_image_mp: Annotated[float, Meta(gt=0, le=1000)] = 50
    """Largest image, in 10^6 pixels."""
    max_decode_s: Annotated[float, Meta(gt=0, le=600)] = 5
    """Processor time that decoding an image may take, in seconds."""
    max_faces: Annotated[int, Meta(ge=1, le=10_000)] = DEFAULT_MAX_FACES
    """Most faces of a photo that are embedded."""
    root_path: Annotated[str, Meta(pattern=r"^(/[A-Za-z0-9._~-]+)*$")] = ""
    """What clients put before the service's addresses, where a proxy gives it a part of its own."""
    trusted_proxies: list[IPNetwork] = []
    """Whose X-Forwarded-* headers are believed."""
    max_uploads_mb: Annotated[float, Meta(gt=0, le=1_000_000)] = 256
    """All requests together that a process receives or answers, in 10^6 bytes; beyond it uploads get 503."""
    max_connections: Annotated[int, Meta(ge=10, le=100_000)] = 1000
    """Connections of a process; beyond it the one that has waited longest for its client is closed."""
    header_timeout_s: Annotated[float, Meta(ge=1, le=600)] = 10
    """From a connection to the end of a request's headers."""
    body_timeout_s: Annotated[float, Meta(ge=1, le=3600)] = 20
    """Period in which a client has to send some of a request's body, 4 kB for each second of it."""
    idle_timeout_s: Annotated[float, Meta(ge=1, le=3600)] = 5
    """From an answer to the next request of its connection."""
    audit_days: Annotated[int, Meta(ge=0, le=36_500)] = 183
    """How long audit entries are kept; 0 records none.

    Six months are the least that the EU's AI Act asks of those who use such a system (article 26, paragraph 6).
    """
    audit_log: bool = False
    """Write audit entries to the log too, as JSON lines."""
    audit_names: bool = False
    """Audit entries have people's names besides their ids."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"
    traces_url: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[!-~]+)?$", description="an address such as http://localhost:4318/v1/traces"
        ),
    ] = ""
    """Where a collector takes traces (OTLP over HTTP); without it there are none."""
