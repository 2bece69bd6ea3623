"""What a run has asked of a service, in words."""

from safesweep.endpoint.settings import ImagesApiSettings
from safesweep.endpoint.spent import left_text, spent_text
from safesweep.lake.progress import ENGINE_SUMS

NOTHING = dict.fromkeys(ENGINE_SUMS, 0.0)
FREE = ImagesApiSettings(url="http://h/v1", model="m")
DEAR = FREE.model_copy(update={"price_a_picture": 0.04, "most_money": 2.0, "most_requests": 60})


def test_nothing_is_said_where_nothing_was_asked():
    assert spent_text(NOTHING, DEAR) == spent_text({}, DEAR) == left_text(NOTHING, DEAR, 0, "r") == ""


def test_money_is_named_where_pictures_cost():
    sums = NOTHING | {"requests": 55, "refused": 4, "failed": 1, "money": 2.0, "unsent": 9}
    assert spent_text(sums, FREE) == "55 requests, 4 trials refused, 1 failed"
    assert spent_text(sums, DEAR).endswith(", 2.00 spent on pictures")
    assert "(most_requests 60, most_money 2): 9 trials are left to do" in left_text(sums, DEAR, 9, "r")
    assert "(of the service's account)" in left_text(sums, FREE, 9, "r")
