"""The options of an images endpoint."""

import pytest
from pydantic import ValidationError

from safesweep.endpoint.settings import ImagesApiSettings


def made(**options):
    return ImagesApiSettings(**{"url": "http://h/v1", "model": "m", **options})


def test_the_address_is_where_the_api_begins():
    assert made(url=" http://h/v1/images/generations ").url == "http://h/v1"
    with pytest.raises(ValidationError, match="is no address of an API"):
        made(url="h/v1")


@pytest.mark.parametrize("price", [0.0, 2.0])
def test_money_is_for_one_picture_at_least(price):
    with pytest.raises(ValidationError, match="most_money: 1 with price_a_picture"):
        made(most_money=1.0, price_a_picture=price)


@pytest.mark.parametrize("field", ["prompt", "model", "n", "stream"])
def test_the_prompt_is_left_alone(field):
    with pytest.raises(ValidationError, match=f"{field} may not be set"):
        made(extra_body={field: 1})


def test_what_decides_a_picture_is_the_model_as_its_user_states_it_and_the_request():
    same = made(url="http://other/v1", tries=9, concurrency=1, most_money=3.0, price_a_picture=1.0)
    assert same.deciding() == made().deciding()
    others = [{"model": "n"}, {"revision": "2"}, {"seed_field": "seed"}, {"extra_body": {"quality": "low"}}]
    assert all(made(**one).deciding() != made().deciding() for one in others)
