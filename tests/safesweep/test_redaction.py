"""No user, password, query or fragment of a URL stays in a text; the rest of the text does."""

import pytest

from safesweep.redaction import shown_origin, shown_url, without_parts_of, without_secrets, without_secrets_in

SECRET = "s3cr3t-t0k3n"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"https://me:{SECRET}@host:8000/v1", "https://…@host:8000/v1"),
        (f"https://{SECRET}@host/v1", "https://…@host/v1"),
        (f"https://host/a/b.csv?sig={SECRET}&x=1#y", "https://host/a/b.csv?…"),
        (f"https://host/a#{SECRET}", "https://host/a?…"),
        (f"https://host?key={SECRET}", "https://host?…"),
        (f"https://host/x?who=a@b&key={SECRET}", "https://host/x?…"),
        (f"s3://AKIA:ab/{SECRET}/cd@bucket/x.csv", "s3://…@bucket/x.csv"),
        (f"s3://AKIA:ab?{SECRET}/cd@bucket/x.csv", "s3://…@bucket/x.csv"),
        (f"s3://AKIA:{SECRET}@bucket/x.csv?endpoint_override=minio:9000", "s3://…@bucket/x.csv?…"),
        (f"me:{SECRET}@host/v1", "…@host/v1"),
        ("hf://datasets/AIML-TUDA/i2p@abc123/i2p.csv", "hf://datasets/AIML-TUDA/i2p@abc123/i2p.csv"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
        ("http://localhost:8000/v1", "http://localhost:8000/v1"),
        ("lake", "lake"),
    ],
)
def test_a_url_shows_where_and_not_who(url: str, shown: str) -> None:
    assert shown_url(url) == shown
    assert SECRET not in shown_url(url)
    in_data = shown if "://" in url else url
    assert without_secrets_in({"url": url, "in": [url]}) == {"url": in_data, "in": [in_data]}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"https://h/a?k={SECRET}: no such file", "https://h/a?…: no such file"),
        (f"found 'https://u:{SECRET}@h/a', 2 rows", "found 'https://…@h/a', 2 rows"),
        (f"see (https://h/a?k={SECRET}), and http://x/y.", "see (https://h/a?…), and http://x/y."),
        ("no URL: a?b=c#d me@x", "no URL: a?b=c#d me@x"),
    ],
)
def test_a_text_keeps_all_but_its_urls_secrets(text: str, shown: str) -> None:
    assert without_secrets(text) == shown
    assert without_secrets_in({"a": (f"> {text}", 1, None, True)}) == {"a": [f"> {shown}", 1, None, True]}


def test_of_a_webhook_the_path_is_secret_too() -> None:
    assert shown_origin(f"https://hooks.example/services/T0/{SECRET}?x=1") == "https://hooks.example/…"
    assert shown_origin(f"https://u:{SECRET}@hooks.example") == "https://hooks.example"


def test_parts_of_a_url_that_a_library_quotes_are_taken_out() -> None:
    said = f"HTTPSConnectionPool(host='h'): failed with url: /services/{SECRET}/x (errno 111)"
    shown = without_parts_of(said, f"slack://{SECRET}/abcdefgh")
    assert SECRET not in shown and "errno 111" in shown


def test_a_value_that_is_a_url_is_one_to_its_end() -> None:
    assert without_secrets_in(f"https://h/a b?sig=x {SECRET}") == "https://h/a b?…"
    assert without_secrets_in(f"https://h/a?sig={SECRET}: 3 rows") == "https://h/a?…: 3 rows"
