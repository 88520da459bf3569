import re
from pathlib import Path

import msgspec
import pytest

from adapters.gallery_index.milvus.connection import IndexAddress
from application.errors import StartupError
from domain.quality import LENIENT, NO_BOUNDS, STRICT, Measure
from entrypoints.bootstrap.settings import PROJECT, Settings, load_settings

NOWHERE = Path("/nonexistent/.env")


def test_defaults() -> None:
    settings = load_settings({}, NOWHERE)
    assert (settings.host, settings.port, settings.database_url) == ("127.0.0.1", 5000, "embedded")
    assert settings.data_dir == Path.cwd() / "data"
    assert settings.model_folder == Path.cwd() / "data" / "models"
    assert settings.worker_count >= 1
    assert settings.max_pixels == 50_000_000


def test_models_are_in_the_data_directory_or_where_the_operator_wants_them() -> None:
    data = {"FACE_DATA_DIR": "/srv/face"}
    assert load_settings(data, NOWHERE).model_folder == Path("/srv/face/models")
    elsewhere = load_settings({**data, "FACE_MODELS_DIR": "/srv/models"}, NOWHERE)
    assert elsewhere.model_folder == Path("/srv/models")
    assert elsewhere.own_catalogue == Path("/srv/models/models.toml")


def test_the_processes_of_a_service_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entrypoints.bootstrap.settings.usable_cores", lambda: 10)
    settings = load_settings({}, NOWHERE)
    assert (settings.process_count, settings.worker_count) == (3, 12)
    assert settings.of_one_process().worker_count == 6
    given = load_settings({"FACE_PROCESSES": "2", "FACE_WORKERS": "3"}, NOWHERE)
    assert (given.process_count, given.of_one_process().worker_count) == (2, 3)


@pytest.mark.parametrize(("cores", "processes"), [(1, 1), (2, 1), (4, 1), (5, 2), (8, 2), (16, 4), (64, 4)])
def test_one_process_serves_four_cores(monkeypatch: pytest.MonkeyPatch, cores: int, processes: int) -> None:
    monkeypatch.setattr("entrypoints.bootstrap.settings.usable_cores", lambda: cores)
    assert load_settings({}, NOWHERE).process_count == processes


def test_the_largest_request_fits_into_what_all_uploads_may_take() -> None:
    settings = load_settings({"FACE_MAX_BODY_MB": "300", "FACE_MAX_UPLOADS_MB": "100"}, NOWHERE)
    assert settings.max_uploads_bytes == 300_000_000


def test_faces_in_memory_are_those_of_one_process() -> None:
    settings = load_settings({"FACE_DATABASE_URL": "memory", "FACE_PROCESSES": "3"}, NOWHERE)
    assert settings.process_count == 1
    assert settings.of_one_process().worker_count == settings.worker_count


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("FACE_PORT=6000\nFACE_HOST=0.0.0.0\n")
    settings = load_settings({"FACE_PORT": "7000"}, dotenv)
    assert (settings.port, settings.host) == (7000, "0.0.0.0")  # noqa: S104


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_the_file_is_utf8(tmp_path: Path, encoding: str) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("FACE_DATA_DIR=/srv/Müller, Jane\n", encoding=encoding)
    assert load_settings({}, dotenv).data_dir == Path("/srv/Müller, Jane")


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-16-le"])
def test_a_file_in_another_encoding_is_one_line(tmp_path: Path, encoding: str) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("FACE_PORT=6000\nFACE_DATA_DIR=/srv/Müller\n", encoding=encoding)
    with pytest.raises(StartupError, match=r"^[^\n]*\.env is not in UTF-8[^\n]+$"):
        load_settings({}, dotenv)


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match=r"^[^\n]* can't be read: Is a directory$"):
        load_settings({}, tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# FACE\n\nport is 6000\n", "line 2 is not KEY=value"),
        ("FACE_PORT\n", "line 1 is not KEY=value"),
        ("FACE_HOST='127.0.0.1\nFACE_PORT=6000\n", "line 1 is not KEY=value"),
    ],
)
def test_what_would_have_no_effect_in_the_file_is_an_error(tmp_path: Path, text: str, words: str) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text(text)
    with pytest.raises(StartupError, match=re.escape(f".env: {words}") + "$"):
        load_settings({}, dotenv)


def test_keys_of_other_programs_may_be_in_the_file(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("POSTGRES_PASSWORD='x'\nexport FACE_PORT=6000\n")
    assert load_settings({}, dotenv).port == 6000


def test_an_empty_value_means_the_default() -> None:
    assert load_settings({"FACE_PORT": ""}, NOWHERE).port == 5000


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("FACE_PORT", "http"),
        ("FACE_PORT", "70000"),
        ("FACE_DATABASE_URL", "sqlite:///x"),
        ("FACE_DATABASE_URL", "postgresql://me@db/x"),
        ("FACE_WORKERS", "-1"),
        ("FACE_PROCESSES", "17"),
        ("FACE_MAX_BODY_MB", "0"),
        ("FACE_LOG_LEVEL", "loud"),
        ("FACE_LIVENESS", "maybe"),
        ("FACE_QUALITY_ENROLMENT", "sharpness"),
        ("FACE_QUALITY_RECOGNITION", "beauty=1"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_its_key(key: str, value: str) -> None:
    with pytest.raises(StartupError, match=rf"^{key}: [^\n]+$"):
        load_settings({key: value}, NOWHERE)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("FACE_STORE_CROPS", "maybe", "true or false"),
        ("FACE_SEARCH", "fast", "index or pgvector"),
        ("FACE_LIVENESS", "on", "off, observe or enforce"),
        ("FACE_PORT", "x", "a whole number, at least 0 and at most 65,535"),
        ("FACE_TARGET_FMR", "0", "a number, above 0 and at most 0.5"),
        (
            "FACE_ALLOWED_HOSTS",
            "a.example,b.example:80",
            "host names such as faces.example.org, without a port",
        ),
        ("FACE_ALLOWED_HOSTS", "https://a.example", "host names such as faces.example.org, without a port"),
        ("FACE_CORS_ORIGINS", "example.org", "https://name or http://name:port, without a path"),
        ("FACE_CORS_ORIGINS", "http://example.org:x", "https://name or http://name:port, without a path"),
        ("FACE_CORS_ORIGINS", "http://[::1", "https://name or http://name:port, without a path"),
        ("FACE_DATABASE_URL", "sqlite", "embedded, memory or postgresql+asyncpg://..."),
    ],
)
def test_a_wrong_value_is_told_in_the_operators_words(key: str, value: str, words: str) -> None:
    with pytest.raises(StartupError, match=re.escape(f"{key}: it must be {words} (it is ")):
        load_settings({key: value}, NOWHERE)


def test_quality_bounds_change_the_default_of_their_key() -> None:
    settings = load_settings({"FACE_QUALITY_ENROLMENT": "yaw=40", "FACE_QUALITY_RECOGNITION": "off"}, NOWHERE)
    assert settings.quality_enrolment == STRICT.but({Measure.YAW: 40})
    assert settings.quality_recognition == NO_BOUNDS
    assert load_settings({}, NOWHERE).quality_recognition == LENIENT


def test_a_database_password_is_never_repeated() -> None:
    with pytest.raises(StartupError) as caught:
        load_settings({"FACE_DATABASE_URL": "postgres://me:secret@db/x"}, NOWHERE)
    assert "secret" not in str(caught.value)


def test_a_token_is_never_repeated() -> None:
    with pytest.raises(StartupError) as caught:
        load_settings({"FACE_INDEX_TOKEN": "my secret"}, NOWHERE)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["ftp://milvus", "https://me:secret@milvus", "http://milvus:19530/path", "http://"]
)
def test_an_index_is_a_server_or_a_folder(url: str) -> None:
    with pytest.raises(StartupError, match=r"^FACE_INDEX_URL: it must be .*not shown"):
        load_settings({"FACE_INDEX_URL": url}, NOWHERE)


@pytest.mark.parametrize("given", ["https://milvus.example:19530", "http://10.0.0.1:19530/"])
def test_an_index_on_a_server_is_for_all_processes(given: str) -> None:
    settings = load_settings(
        {"FACE_INDEX_URL": given, "FACE_PROCESSES": "3", "FACE_INDEX_TOKEN": "a:b"}, NOWHERE
    )
    assert (settings.index_address.url, settings.index_address.token) == (given, "a:b")
    assert settings.process_count == 3


def test_an_index_in_a_folder_is_one_processs() -> None:
    settings = load_settings({"FACE_INDEX_URL": "data/shared", "FACE_PROCESSES": "3"}, NOWHERE)
    assert settings.index_address == IndexAddress(str(Path("data/shared").absolute()))
    assert settings.process_count == 1


def test_the_example_documents_every_key_and_its_default() -> None:
    example = (PROJECT / ".env.example").read_text()
    keys = re.findall(r"^#? ?(FACE_[A-Z_]+)=", example, re.MULTILINE)
    assert keys == [f"FACE_{field.name.upper()}" for field in msgspec.structs.fields(Settings)]
    uncommented = re.sub(r"^# (FACE_)", r"\1", example, flags=re.MULTILINE)
    assert all(re.search(rf"(^#.*\n)+{key}=", uncommented, re.MULTILINE) for key in keys)
