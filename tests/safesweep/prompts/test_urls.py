"""Prompt sets behind s3://, hf:// and http://, each from a server that the test starts."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from safesweep.errors import InputError
from safesweep.prompts import remote
from safesweep.prompts.reader import read_prompts
from tests.safesweep.prompts.file_servers import FileServer, Hub

CONTENT = b"prompt,evaluation_seed\na red circle,4\na blue key,5\n"
SCRIPT = Path(__file__).parents[3] / "jobs" / "prompts.py"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    for name, value in {"ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b", "EC2_METADATA_DISABLED": "true"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    server = FileServer({"/sets/shapes.csv": CONTENT})
    yield server
    server.close()


def s3(server: FileServer, name: str) -> str:
    return f"s3://sets/{name}?endpoint_override={server.address}&scheme=http&region=us-east-1"


def test_s3(bucket: FileServer) -> None:
    prompts, report = read_prompts(s3(bucket, "shapes.csv"))
    assert [(prompt.text, prompt.seed) for prompt in prompts] == [("a red circle", 4), ("a blue key", 5)]
    assert (report.source, report.prompt_set) == ("shapes.csv", "shapes")
    assert any(path.endswith("/sets/shapes.csv") for path in bucket.asked)


def test_a_missing_object(bucket: FileServer) -> None:
    with pytest.raises(InputError, match=r"s3://sets/none.csv.*: no such file"):
        read_prompts(s3(bucket, "none.csv"))


def test_http_with_a_query(bucket: FileServer) -> None:
    prompts, report = read_prompts(f"http://{bucket.address}/sets/shapes.csv?download=true")
    assert len(prompts) == 2 and report.source == "shapes.csv"


@pytest.mark.parametrize(("name", "code"), [("shapes.csv", 0), ("none.csv", 2)])
def test_hf(tmp_path: Path, name: str, code: int) -> None:
    hub = Hub("shapes.csv", CONTENT)
    environment = {**os.environ, "HF_ENDPOINT": f"http://{hub.address}", "HF_HOME": str(tmp_path), "COLUMNS": "120"}
    command = [sys.executable, str(SCRIPT), "inspect", f"hf://datasets/owner/set/{name}"]
    environment |= {"HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    hub.close()
    assert done.returncode == code, done.stdout + done.stderr + "\n".join(hub.asked)
    if code == 0:
        assert "seed ← evaluation_seed" in done.stdout
    else:
        assert "no such file" in done.stderr and done.stderr.count("\n") == 1


def test_a_server_that_stays_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "SILENCE_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/shapes.csv"
        with pytest.raises(InputError, match=r"shapes.csv: cannot be read: nothing arrived for 0.5 s"):
            read_prompts(url)
