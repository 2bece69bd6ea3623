"""The server that docs/scorers.md shows speaks with scorer ``preference``; a model of the test's own stands in its place."""

import importlib.util
import threading
from pathlib import Path

import numpy as np
import pytest

from actors.scoring import load_scorer, measure
from tests.safesweep.scorers.written import written

PATH = Path(__file__).resolve().parents[2] / "docs" / "preference_server.py"


class Brightness:
    """Prefers what is bright."""

    name = "brightness"

    def score(self, images, prompts):
        return [float(np.asarray(image).mean()) + len(prompt) for image, prompt in zip(images, prompts, strict=True)]


@pytest.fixture
def url():
    spec = importlib.util.spec_from_file_location("preference_server", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    server = module.make_server(Brightness(), 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/score"
    server.shutdown()
    server.server_close()


def test_the_documents_server_is_what_the_scorer_asks(url):
    scorer = load_scorer(written("preference", url=url, model="brightness"))
    pictures = [np.full((4, 4, 3), grey, np.uint8) for grey in (10, 200)]
    found = measure(scorer, pictures, ["x", "xyz"])
    assert [row["measurements"][0]["score"] for row in found] == [11.0, 203.0]
