"""Note who comes: reads the photos that a camera puts into a folder, and writes a line for each arrival.

Python's standard library is enough. FACE_API_KEY holds a key with the scope `recognize`, where the service needs one.
"""

import argparse
import csv
import json
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path


def recognise(url: str, photo: bytes) -> list[str]:
    """Names of the people in a photo; those who aren't enrolled, or are in doubt, are left out."""
    request = urllib.request.Request(f"{url}/api/face/recognize?faces=all", photo)
    request.add_header("Content-Type", "image/jpeg")
    if key := os.environ.get("FACE_API_KEY"):
        request.add_header("X-API-Key", key)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            faces = json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        refusal = json.load(error)
        raise SystemExit(f"{refusal['code']}: {refusal['detail']}") from error
    return [face["candidates"][0]["name"] for face in faces if face["verdict"] == "match"]


def main() -> None:
    """Read each photo once; a person who is seen again within PERIOD minutes has not arrived anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--url", default="http://localhost:5000")
    parser.add_argument("--period", type=float, default=60, help="minutes")
    parser.add_argument("--once", action="store_true", help="read what is there, and stop")
    given = parser.parse_args()
    seen: dict[str, float] = {}
    done: set[Path] = set()
    lines = csv.writer(sys.stdout)
    while True:
        for path in sorted(set(given.folder.glob("*.jpg")) - done):
            done.add(path)
            taken = path.stat().st_mtime
            for name in recognise(given.url, path.read_bytes()):
                if taken - seen.get(name, -1e12) > 60 * given.period:
                    lines.writerow(
                        [time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(taken)), name, path.name]
                    )
                    sys.stdout.flush()
                seen[name] = taken
        if given.once:
            return
        time.sleep(1)


if __name__ == "__main__":
    main()
