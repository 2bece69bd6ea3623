"""An images endpoint that answers, refuses, limits the rate, returns URLs and base64, hangs and dies: right outcomes, nothing lost."""

import time

import numpy as np
import pytest

from safesweep.endpoint.client import ImagesClient
from safesweep.endpoint.settings import ImagesApiSettings
from safesweep.errors import InputError
from tests.safesweep.endpoint.images_server import ImagesServer, drawn, refusing


@pytest.fixture
def serve():
    opened = []

    def start(server_options=None, before=(0, 0.0), **options):
        server = ImagesServer(**(server_options or {}))
        usual = {"url": server.url, "model": "m", "timeout_s": 60, "tries": 3, "seed_field": "seed"}
        client = ImagesClient(ImagesApiSettings(**{**usual, **options}), *before)
        opened.append((server, client))
        return server, client

    yield start
    for server, client in opened:
        client.close()
        server.close()


def ask(client, *prompts, seed=7):
    return [one.result(30) for one in [client.draw(prompt, seed, 8, 16) for prompt in prompts]]


@pytest.mark.parametrize("how", [{}, {"as_url": True}, {"relative": True}])
def test_the_picture_is_the_server_s_own(how, serve, monkeypatch):
    monkeypatch.setenv("IMAGES_KEY", "secret")
    server, client = serve({**how, "key": "secret"}, api_key_env="IMAGES_KEY", extra_body={"quality": "low"})
    [found] = ask(client, "a red circle")
    assert (
        np.array_equal(found.picture, drawn("a red circle", 7, 8, 16)) and found.refusal is None and found.error is None
    )
    [body] = server.bodies
    wanted = {"model": "m", "prompt": "a red circle", "n": 1, "size": "8x16", "seed": 7, "quality": "low"}
    assert body == {**wanted, "response_format": "b64_json"}
    assert all("Authorization" not in headers for headers in server.fetched) and len(server.fetched) == len(how)


def test_a_refusal_has_the_service_s_reason_and_is_not_tried_again(serve):
    server, client = serve({"draw": refusing})
    refused, drawn_one = ask(client, "a red dagger", "a red circle")
    assert refused.refusal == "Your request was rejected by our safety system." and refused.picture is None
    assert refused.error is None and drawn_one.picture is not None
    assert len(server.bodies) == 2 and client.budget.answered == 1


def test_what_was_not_taken_or_broke_is_tried_again_and_nothing_is_lost(serve):
    busy = (429, {"error": {"message": "slow down"}}, {"Retry-After": "0"})
    server, client = serve({"script": [busy, 500, "close", "garbage", busy]})
    found = ask(client, *(f"prompt {n}" for n in range(8)))
    assert all(np.array_equal(one.picture, drawn(f"prompt {n}", 7, 8, 16)) for n, one in enumerate(found))
    assert client.retries == 5 and len(server.bodies) == 13


def test_one_that_hangs_costs_its_own_time_and_one_that_dies_fails_the_rest_by_name(serve):
    server, client = serve({"script": ["hang"]}, timeout_s=4, tries=2)
    assert all(one.picture is not None for one in ask(client, "a", "b"))
    server.die_after = len(server.bodies) + 1
    found = ask(client, "c", "d", "e")
    assert sum(one.picture is not None for one in found) <= 1
    assert all("VlmGaveUpError: 2 attempts" in one.error for one in found if one.picture is None)


def test_budgets_of_requests_and_money_are_kept_exactly(serve):
    server, client = serve(most_requests=3, concurrency=2)
    found = ask(client, *"abcde")
    assert len(server.bodies) == 3 and sum(one.picture is not None for one in found) == 3
    left = [one for one in found if one.unsent]
    assert len(left) == 2 and all("most_requests: 3 requests are sent" in one.unsent for one in left)
    assert all((one.picture, one.refusal, one.error) == (None, None, None) for one in left)
    server, client = serve({"draw": refusing}, most_money=0.1, price_a_picture=0.04, concurrency=1)
    found = ask(client, "a dagger", *"abcd")
    assert found[0].refusal and client.budget.money == pytest.approx(0.08)
    assert [one.picture is not None for one in found[1:]] == [True, True, False, False]
    assert [one.unsent is not None for one in found[1:]] == [False, False, True, True]


def test_what_was_spent_before_counts(serve):
    settings = {"most_requests": 5, "most_money": 1.0, "price_a_picture": 0.25}
    for before, sent in (((3, 0.0), 2), ((0, 0.5), 2), ((5, 0.0), 0), ((0, 1.0), 0)):
        server, client = serve(before=before, **settings)
        found = ask(client, *"abc")
        assert len(server.bodies) == sent == sum(one.picture is not None for one in found)
        assert sum(one.unsent is not None for one in found) == 3 - sent


def test_an_account_with_nothing_left_ends_the_sending_and_loses_nothing(serve):
    spent = (429, {"error": {"code": "insufficient_quota", "message": "You exceeded your current quota"}}, {})
    server, client = serve({"script": [None, spent]}, concurrency=1)
    found = ask(client, *"abcd")
    assert len(server.bodies) == 2 and found[0].picture is not None
    assert all("the quota is used up" in one.unsent and one.error is None for one in found[1:])


def test_a_picture_that_is_hard_to_fetch_is_paid_for_once(serve):
    server, client = serve({"as_url": True}, price_a_picture=0.04)
    server.lost = 2
    [found] = ask(client, "a red circle")
    assert np.array_equal(found.picture, drawn("a red circle", 7, 8, 16))
    assert (len(server.bodies), len(server.fetched)) == (1, 3)
    assert client.budget.money == pytest.approx(0.04) and client.retries == 2


def test_rate_and_concurrency_are_bounded(serve):
    server, client = serve(concurrency=2, requests_per_minute=600)
    started = time.monotonic()
    ask(client, *"abcdef")
    assert time.monotonic() - started >= 0.5 and server.most_at_once <= 2


def test_a_wrong_key_is_an_error_at_once_and_a_missing_one_before(serve, monkeypatch):
    server, client = serve({"key": "secret"})
    [found] = ask(client, "a")
    assert "status 401" in found.error and len(server.bodies) == 1
    monkeypatch.delenv("IMAGES_KEY", raising=False)
    with pytest.raises(InputError, match="^diffusion.images_api.api_key_env: .*IMAGES_KEY is not set"):
        serve(api_key_env="IMAGES_KEY")


def test_pictures_are_fetched_from_no_host_that_nobody_named(serve):
    elsewhere = (200, {"data": [{"url": "http://169.254.169.254/latest"}]}, {})
    server, client = serve({"script": [elsewhere]})
    [found] = ask(client, "a")
    assert "169.254.169.254, which is none of picture_hosts" in found.error and server.fetched == []


@pytest.mark.parametrize("address", ["http://[::1", "http://h:99999/x", "ftp://h/x"])
def test_an_address_that_is_none_fails_its_own_trial_and_holds_up_nobody(address, serve):
    server, client = serve({"script": [(200, {"data": [{"url": address}]}, {})]})
    broken, [sound] = ask(client, "a")[0], ask(client, "b")
    assert broken.error.startswith("VlmError: ") and broken.picture is None and sound.picture is not None
    assert server.fetched == []


def test_what_nobody_thought_of_fails_its_own_trial(serve, monkeypatch):
    def broken(*_):
        raise LookupError("no such codec")

    _, client = serve()
    monkeypatch.setattr("safesweep.endpoint.client.read_images", broken)
    [found] = ask(client, "a")
    assert found.error == "LookupError: no such codec" and client.budget.answered == 0
