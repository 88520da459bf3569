"""API keys, over HTTP and by the command line."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.service import Service, face_api
from tests.waiting import wait_until


def command(service: Service, *arguments: str) -> str:
    done = face_api(service.directory, *arguments, FACE_DATA_DIR=str(service.directory / "data"))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with two collections and an administrator's key."""
    with Service(tmp_path_factory.mktemp("keys")) as service:
        for name in ("blue", "green"):
            service.client.post("/api/collection", json={"name": name}).raise_for_status()
        yield service


@pytest.fixture(scope="module")
def admin(service: Service) -> str:
    secret = command(service, "keys", "create", "operator", "--scope", "admin")
    service.guarded()
    return secret


def request(
    service: Service, method: str, path: str, secret: str | None = None, **more: object
) -> httpx.Response:
    headers = {} if secret is None else {"X-API-Key": secret}
    return service.client.request(method, path, headers=headers, **more)  # type: ignore[arg-type]


def issue(service: Service, admin: str, scope: str, *collections: str) -> tuple[int, str]:
    body: dict[str, object] = {"name": scope, "scopes": [scope]}
    if collections:
        body["collections"] = collections
    answer = request(service, "POST", "/api/key", admin, json=body)
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    return data["key"]["id"], data["secret"]


class TestScopes:
    def test_without_a_key_nobody_gets_in(self, service: Service, admin: str) -> None:
        for secret in (None, "", "wrong", admin[:-1], f"{admin}x"):
            answer = request(service, "GET", "/api/face", secret)
            assert answer.status_code == 401
            assert answer.json()["code"] == "unauthenticated"
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")

    def test_health_and_pages_need_none(self, service: Service, admin: str) -> None:
        assert admin
        for path in ("/health/live", "/health/ready", "/", "/openapi.json"):
            assert request(service, "GET", path).status_code == 200

    def test_as_a_bearer_token(self, service: Service, admin: str) -> None:
        headers = {"Authorization": f"bearer {admin}"}
        assert service.client.get("/api/face", headers=headers).status_code == 200

    def test_each_scope_allows_its_own(self, service: Service, admin: str) -> None:
        for scope, allowed in (("detect", "/api/face/detect"), ("enrol", "/api/face/register?name=A")):
            _, secret = issue(service, admin, scope)
            assert request(service, "POST", allowed, secret, content=b"").status_code == 422
            refused = request(service, "POST", "/api/face/recognize", secret, content=b"").json()
            assert refused["code"] == "access_denied"
            assert request(service, "GET", "/api/model", secret).status_code == 200
            assert request(service, "GET", "/api/key", secret).status_code == 403


class TestCollections:
    def test_others_are_not_there(self, service: Service, admin: str) -> None:
        _, secret = issue(service, admin, "manage", "blue")
        assert request(service, "GET", "/api/face?collection=blue", secret).status_code == 200
        both = "/api/face?collection=blue&collection=green"
        for path in ("/api/face", "/api/face?collection=green", "/api/profile/1?collection=green", both):
            answer = request(service, "GET", path, secret)
            assert (answer.status_code, answer.json()["code"]) == (404, "collection_not_found"), path
        listed = request(service, "GET", "/api/collection", secret).json()["data"]
        assert [each["name"] for each in listed] == ["blue"]
        assert request(service, "DELETE", "/api/collection/green", secret).status_code == 404
        assert request(service, "POST", "/api/collection", secret, json={"name": "red"}).status_code == 403
        _, enrols = issue(service, admin, "enrol", "blue")
        for collection, status in (("green", 404), ("blue", 422)):
            form = {"name": "Ada", "collection": collection}
            sent: dict[str, object] = {"data": form, "files": {"image": ("a.jpg", b"no photo")}}
            assert request(service, "POST", "/api/face/register", enrols, **sent).status_code == status
        every = request(service, "GET", "/api/collection", admin).json()["data"]
        assert [each["name"] for each in every] == ["blue", "default", "green"]


class TestLife:
    def test_a_revoked_key_is_refused_soon(self, service: Service, admin: str) -> None:
        number, secret = issue(service, admin, "manage")
        assert request(service, "GET", "/api/face", secret).status_code == 200
        command(service, "keys", "revoke", str(number))
        wait_until(lambda: request(service, "GET", "/api/face", secret).status_code == 401)

    def test_rotation(self, service: Service, admin: str) -> None:
        number, old = issue(service, admin, "manage")
        answer = request(service, "POST", f"/api/key/{number}/rotate?overlap=3600", admin)
        new = answer.json()["data"]["secret"]
        assert {request(service, "GET", "/api/face", secret).status_code for secret in (old, new)} == {200}
        listed = request(service, "GET", "/api/key", admin).json()["data"]
        assert "expires_at" in next(each for each in listed if each["id"] == number)
        assert request(service, "POST", "/api/key/999999/rotate", admin).json()["code"] == "api_key_not_found"

    def test_what_senseless_keys_get(self, service: Service, admin: str) -> None:
        for body in (
            {"name": "a", "scopes": []},
            {"name": "a", "scopes": ["fly"]},
            {"name": "", "scopes": ["detect"]},
            {"name": "a", "scopes": ["admin"], "collections": ["blue"]},
            {"name": "a", "scopes": ["detect"], "collections": ["NO"]},
            {"name": "a", "scopes": ["detect"], "expires_at": "2020-01-01T00:00:00Z"},
            {"name": "a", "scopes": ["detect"], "expires_at": "2030-01-01T00:00:00"},
        ):
            answer = request(service, "POST", "/api/key", admin, json=body)
            assert answer.status_code == 422, answer.text

    def test_secrets_are_nowhere(self, service: Service, admin: str) -> None:
        assert request(service, "GET", "/api/face", admin).status_code == 200
        shown = command(service, "keys", "list", "--json")
        assert {each["name"] for each in json.loads(shown)} >= {"operator"}
        for text in (shown, service.log.read_text(), request(service, "GET", "/api/key", admin).text):
            assert admin not in text
            assert admin[5:20] not in text

    def test_the_list_is_cut_off_nowhere(self, service: Service, admin: str) -> None:
        name = "the door of the warehouse behind the railway station, on the left"
        collection = "warehouse-behind-the-railway-station"
        assert admin
        command(
            service,
            "keys",
            "create",
            name,
            "--scope",
            "recognize",
            "--collection",
            collection,
            "--expires",
            "1d",
        )
        (line,) = [line for line in command(service, "keys", "list").splitlines() if name in line]
        assert collection in line
        assert re.search(r"until \d{4}-\d\d-\d\d \d\d:\d\d$", line)


class TestBrowsers:
    def test_another_site_is_refused(self, service: Service, admin: str) -> None:
        for headers in (
            {"Origin": "http://evil.example.com"},
            {"Host": "evil.example.com"},
            {"Origin": "null"},
        ):
            answer = service.client.get("/api/face", headers={"X-API-Key": admin, **headers})
            assert (answer.status_code, answer.json()["code"]) == (403, "access_denied")
            assert "access-control-allow-origin" not in answer.headers

    def test_an_origin_that_is_named(self, tmp_path: Path) -> None:
        site = "https://shop.example.com"
        with Service(tmp_path, {"FACE_DATABASE_URL": "memory", "FACE_CORS_ORIGINS": site}) as service:
            answer = service.client.get("/api/face", headers={"Origin": site})
            assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, site)
            asked = {
                "Origin": site,
                "Access-Control-Request-Method": "DELETE",
                "Access-Control-Request-Headers": "x-api-key",
            }
            preflight = service.client.options("/api/face/1", headers=asked)
            assert preflight.status_code in {200, 204}
            assert "DELETE" in preflight.headers["access-control-allow-methods"]
            asked["Origin"] = "https://evil.example.com"
            assert (
                "access-control-allow-origin"
                not in service.client.options("/api/face/1", headers=asked).headers
            )


class TestStart:
    def started(self, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
        return face_api(folder, "serve", **{"FACE_DATABASE_URL": "memory", "FACE_PORT": "0", **settings})

    def test_other_machines_need_a_key(self, tmp_path: Path) -> None:
        done = self.started(tmp_path, FACE_HOST="0.0.0.0")  # noqa: S104
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1].startswith(
            "face-api: FACE_HOST: other machines can reach 0.0.0.0"
        )

    def test_the_first_key_is_shown_once(self, tmp_path: Path) -> None:
        settings = {"FACE_HOST": "0.0.0.0", "FACE_FIRST_KEY": "true"}  # noqa: S104
        with Service(tmp_path, settings) as service:
            (line,) = [line for line in service.log.read_text().splitlines() if "shown this once" in line]
            assert request(service, "GET", "/api/face").status_code == 401
            assert request(service, "GET", "/api/face", line.split()[-1]).status_code == 200
            service.stop()
            service.start()
            assert service.log.read_text().count("shown this once") == 1
