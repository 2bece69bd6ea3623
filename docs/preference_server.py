#!/usr/bin/env python3
"""A preference model behind an address, for scorer ``preference``: PickScore, in an environment that needs nothing of this project.

``GET`` answers ``{"model"}``; ``POST`` takes ``{"model", "items": [{"prompt", "image"}]}`` and answers ``{"model", "scores"}``.
Another model is another ``Model``: a name, and a function of pictures and prompts.
"""

import argparse
import base64
import io
import json
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol


class Model(Protocol):
    """What is served."""

    name: str

    def score(self, images: Sequence[Any], prompts: Sequence[str]) -> list[float]:
        """One number a picture (PIL, RGB) and prompt; higher is better."""


class PickScore:
    """Kirstain et al. 2023 (arXiv 2305.01569): the scaled cosine of a CLIP that was tuned on people's choices."""

    name = "pickscore-v1"

    def __init__(self, folder: str, device: str) -> None:
        from transformers import AutoModel, AutoProcessor

        self._model = AutoModel.from_pretrained(folder).to(device).eval()
        self._processor = AutoProcessor.from_pretrained("laion/CLIP-ViT-H-14-laion2B-s32B-b79K")
        self._device = device

    def score(self, images: Sequence[Any], prompts: Sequence[str]) -> list[float]:
        import torch

        options = {"padding": True, "truncation": True, "max_length": 77, "return_tensors": "pt"}
        with torch.inference_mode():
            inputs = self._processor(images=list(images), text=list(prompts), **options).to(self._device)
            logits = self._model(**inputs).logits_per_image
        return [float(one) for one in logits.diagonal()]


def make_server(model: Model, port: int, host: str = "127.0.0.1") -> ThreadingHTTPServer:
    """Serves ``model``, one request at a time in it, until it is shut down; port 0 takes a free one."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(200, {"model": model.name})

        def do_POST(self) -> None:
            from PIL import Image

            try:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                prompts = [item["prompt"] for item in body["items"]]
                pictures = [base64.b64decode(item["image"]) for item in body["items"]]
                images = [Image.open(io.BytesIO(picture)).convert("RGB") for picture in pictures]
            except (KeyError, TypeError, ValueError, OSError) as error:
                return self._send(400, {"error": f"{type(error).__name__}: {error}"})
            with lock:
                scores = model.score(images, prompts)
            self._send(200, {"model": model.name, "scores": scores})

        def _send(self, status: int, body: dict[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return ThreadingHTTPServer((host, port), Handler)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8900)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--model", default="yuvalkirstain/PickScore_v1", help="folder or hub id")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    server = make_server(PickScore(options.model, options.device), options.port, options.host)
    print(f"serving {PickScore.name} at http://{options.host}:{server.server_address[1]}/score", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
