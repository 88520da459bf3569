"""Files that clients have already."""

import httpx
import pytest

ADDRESSES = ["/docs/page.js", "/docs/swagger-ui-bundle.js", "/console", "/console/app.js"]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_a_copy_that_is_the_same_is_not_sent_again(
    client: httpx.AsyncClient, address: str, encoding: str
) -> None:
    accepted = {"Accept-Encoding": encoding}
    whole = await client.get(address, headers=accepted)
    assert (whole.status_code, bool(whole.content)) == (200, True)
    tag = whole.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        same = await client.get(address, headers={**accepted, "If-None-Match": known})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
        assert same.headers["cache-control"] == whole.headers["cache-control"]
    for known in ('"other"', tag.strip('"'), ""):
        other = await client.get(address, headers={**accepted, "If-None-Match": known})
        assert (other.status_code, other.content) == (200, whole.content)


async def test_encodings_have_tags_of_their_own(client: httpx.AsyncClient) -> None:
    address = "/docs/swagger-ui-bundle.js"
    answers = [await client.get(address, headers={"Accept-Encoding": kind}) for kind in ("gzip", "identity")]
    assert len({answer.headers["etag"] for answer in answers}) == 2
