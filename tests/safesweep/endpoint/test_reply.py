"""Replies of several services: pictures, refusals, and errors of three kinds."""

import base64
import json

import pytest

from safesweep.endpoint.reply import Given, read_images
from safesweep.vlm.errors import VlmBusyError, VlmError, VlmQuotaError, VlmRefusedError, VlmTroubleError

B64 = base64.b64encode(b"picture").decode()
FILTERED = "the service's filter found unsafe content in its picture"
AZURE = {"error": {"code": None, "message": "x", "innererror": {"code": "ResponsibleAIPolicyViolation"}}}


def read(status, body, headers=None):
    return read_images(status, headers or {}, body if isinstance(body, str) else json.dumps(body), "here")


@pytest.mark.parametrize(
    ("first", "given"),
    [
        ({"b64_json": B64}, Given(b"picture", None)),
        ({"b64_json": f"data:image/png;base64,{B64}"}, Given(b"picture", None)),
        ({"url": f"data:image/png;base64,{B64}"}, Given(b"picture", None)),
        ({"url": "http://x/1"}, Given(None, "http://x/1")),
        # vLLM-Omni's and SGLang's
        ({"b64_json": B64, "url": None, "revised_prompt": None}, Given(b"picture", None)),
        (
            {"b64_json": None, "url": "/v1/images/7/content", "file_path": "/tmp/7.png"},
            Given(None, "/v1/images/7/content"),
        ),
        ({"url": "http://x/1", "finish_reason": "SUCCESS", "nsfw_content_detected": False}, Given(None, "http://x/1")),
    ],
)
def test_pictures(first, given):
    assert read(200, {"data": [first]}) == given


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, {"error": {"code": "content_policy_violation", "message": "rejected"}}, "rejected"),
        (400, {"error": {"code": "moderation_blocked", "message": "no"}}, "no"),
        (400, AZURE, "x"),
        (403, {"error": {"message": "This was flagged"}}, "This was flagged"),
        (422, {"detail": "NSFW content"}, "NSFW content"),
        (200, {"data": [{"finish_reason": "content_filter"}]}, "content_filter"),
        (400, {"detail": {"error": "content_policy_violation", "message": "a likeness"}}, "a likeness"),
        (
            400,
            {"error": "Your request was rejected by the safety system."},
            "Your request was rejected by the safety system.",
        ),
        (400, {"code": "content_filter", "message": "held back"}, "held back"),
        (200, {"data": [{"b64_json": B64, "finish_reason": "CONTENT_FILTERED"}]}, "content_filtered"),
        (200, {"data": [{"b64_json": B64}], "has_nsfw_concepts": [True]}, FILTERED),
        (200, {"data": [{"url": "http://x/1", "nsfw_content_detected": True}]}, FILTERED),
        (200, {"data": [{"refusal": "I cannot draw that"}]}, "I cannot draw that"),
    ],
)
def test_refusals(status, body, reason):
    with pytest.raises(VlmRefusedError) as refused:
        read(status, body)
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": {"message": "size must be one of 1024x1024"}}, VlmError),
        (422, {"detail": [{"loc": ["body", "size"], "msg": "not a size"}]}, VlmError),
        (400, {"code": "invalid_size"}, VlmError),
        (401, {"error": {"message": "wrong key violates our content policy"}}, VlmError),
        (402, {"error": {"message": "pay"}}, VlmQuotaError),
        (429, {"error": {"code": "insufficient_quota"}}, VlmQuotaError),
        (429, {"error": {"message": "slow"}}, VlmBusyError),
        (503, "<html>", VlmTroubleError),
        (200, "<html>", VlmTroubleError),
        (200, {"data": []}, VlmTroubleError),
        (200, {"data": [{"b64_json": "***"}]}, VlmTroubleError),
    ],
)
def test_errors_are_no_refusals(status, body, kind):
    with pytest.raises(VlmError) as error:
        read(status, body)
    assert type(error.value) is kind
