"""An engine in vLLM's place behind Ray's own LLMServer: it answers by the model that LLMConfig names, in this process."""

import base64
import io
from typing import Any

import numpy as np
from PIL import Image
from ray.llm._internal.serve.core.configs.openai_api_models import ChatCompletionResponse, ErrorInfo, ErrorResponse

from safesweep.vlm import VisionLanguageModel

ERRORS = {"refuse": (400, "bad request"), "busy": (429, "too many"), "break": (500, "engine dead")}
"""Question -> the status and message that it ends in."""


class Engine:
    """What LLMServer asks of an engine."""

    def __init__(self, llm_config: Any) -> None:
        self.config = llm_config

    async def start(self) -> None:
        assert self.config.engine_kwargs["trust_remote_code"] is False
        self.model = VisionLanguageModel.load(self.config.model_loading_config.model_source, max_new_tokens=12)

    async def chat(self, request: Any, raw_request_info: Any = None) -> Any:
        shown, asked = request.messages[-1]["content"]
        if asked["text"] in ERRORS:
            code, message = ERRORS[asked["text"]]
            yield ErrorResponse(error=ErrorInfo(message=message, type="error", code=code))
            return
        data = base64.b64decode(shown["image_url"]["url"].partition("base64,")[2])
        [reply] = self.model.answer([np.asarray(Image.open(io.BytesIO(data)))], [asked["text"]])
        usage = {"prompt_tokens": reply.prompt_tokens, "completion_tokens": reply.completion_tokens}
        choice = {"message": {"role": "assistant", "content": str(reply)}, "finish_reason": reply.finish_reason}
        yield ChatCompletionResponse(model=request.model, choices=[choice], usage=usage)

    async def check_health(self) -> None:
        pass
