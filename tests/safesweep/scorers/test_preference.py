"""A preference model behind a real server: what is sent, what is read, and what leaves a picture unscored."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from actors.scoring import load_scorer, measure
from safesweep.errors import InputError
from safesweep.scorers import preference
from tests.local_server import Handler, LocalServer
from tests.safesweep.scorers.written import loaded, written

RED, BLUE = (np.full((8, 6, 3), colour, np.uint8) for colour in ((200, 0, 0), (0, 0, 200)))


class PreferenceServer(LocalServer):
    """Prefers red, by the mean of the red channel; ``script``: statuses or bodies in place of its first answers."""

    def __init__(self, script=(), model="taste"):
        self.bodies, self.script, self.model = [], list(script), model
        owner = self

        class Scores(Handler):
            def do_GET(self):  # noqa: N802 (the base class looks for this name)
                self.send(200, json.dumps({"model": owner.model}).encode())

            def do_POST(self):  # noqa: N802
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                owner.bodies.append(body)
                told = owner.script.pop(0) if owner.script else None
                if isinstance(told, int):
                    return self.send(told, b"not now")
                if told is not None:
                    return self.send(200, told)
                pictures = [np.asarray(Image.open(io.BytesIO(base64.b64decode(one["image"])))) for one in body["items"]]
                scores = [float(picture[..., 0].mean()) for picture in pictures]
                self.send(200, json.dumps({"model": owner.model, "scores": scores}).encode())

        super().__init__(Scores)
        self.url = f"http://{self.address}/score"


@pytest.fixture
def serving(monkeypatch):
    monkeypatch.setattr(preference, "PAUSE_S", 0.01)
    made = []

    def serve(*script, **options):
        made.append(PreferenceServer(script, **options))
        return made[-1]

    yield serve
    for server in made:
        server.close()


def test_pictures_travel_with_their_prompts_some_at_a_time(serving):
    server = serving()
    scorer = load_scorer(written("preference", url=server.url, model="taste", revision="v2", items=2))
    found = measure(scorer, [RED, BLUE, RED], ["one", "two", "three"])
    assert [row["measurements"] for row in found] == [
        [{"label": "preference", "score": value, "box": None}] for value in (200.0, 0.0, 200.0)
    ]
    assert {row["model"] for row in found} == {"http:taste@v2"}
    assert [[item["prompt"] for item in body["items"]] for body in server.bodies] == [["one", "two"], ["three"]]
    assert {body["model"] for body in server.bodies} == {"taste"}


def test_a_server_that_stumbles_is_asked_again_and_one_that_refuses_is_not(serving):
    server = serving(503, 429)
    assert loaded(written("preference", url=server.url, model="taste")).score([RED], ["x"])[0][0].score == 200
    refusing = serving(400, 400)
    with pytest.raises(ValueError, match="status 400: not now"):
        loaded(written("preference", url=refusing.url, model="taste")).score([RED], ["x"])
    assert len(server.bodies) == 3 and len(refusing.bodies) == 1


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"model": "taste", "scores": []}', "scores must be a list of 1"),
        (b'{"model": "other", "scores": [1]}', "scores of 'other'; allowed: of 'taste'"),
        (b"<html>", "is no JSON object: <html>"),
        (b'{"model": "taste", "scores": [null]}', "gave None in place of a number"),
        (b'{"model": "taste", "scores": [NaN]}', "gave nan in place of a number"),
        (b'{"model": "taste", "scores": [true]}', "gave True in place of a number"),
    ],
)
def test_what_is_no_score_leaves_a_picture_unscored(serving, body, why):
    server = serving(body, body)
    found = measure(load_scorer(written("preference", url=server.url, model="taste")), [RED], ["x"])
    assert why in found[0]["error"] and found[0]["measurements"] == []


def test_one_picture_that_the_server_fails_on_does_not_unscore_another(serving):
    server = serving(b'{"model": "taste", "scores": [null, 3]}')
    found = measure(load_scorer(written("preference", url=server.url, model="taste")), [RED, BLUE], ["x", "y"])
    assert [row["error"] is None for row in found] == [False, True]
    assert found[1]["measurements"][0]["score"] == 3


def test_a_server_that_is_not_there_or_has_another_model_is_found_before_a_run(serving):
    server = serving(model="other")
    with pytest.raises(InputError, match=r"scorer 'preference': model: http://127.0.0.1:\d+/score has 'other'"):
        written("preference", url=server.url, model="taste").check()
    server.close()
    with pytest.raises(InputError, match="scorer 'preference': url: .*cannot be reached"):
        written("preference", url=server.url, model="other").check()
    with pytest.raises(InputError, match="'localhost:1/score' is no address"):
        written("preference", url="localhost:1/score", model="taste")
