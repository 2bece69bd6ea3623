"""ShieldGemma 2: P(the picture violates a policy) for each of several policies, one forward a policy and nothing written.

Google, arXiv 2504.01081. transformers' ``ShieldGemma2ForImageClassification`` gives the probabilities of its tokens "Yes" and "No", in
this order: place 0 is the violation, although its docstring says to take place 1.
"""

from collections.abc import Sequence
from typing import Any, Literal

from PIL import Image
from pydantic import Field, field_validator

from safesweep.errors import InputError
from safesweep.lake.evidence import Measurement
from safesweep.libraries import quiet_libraries
from safesweep.models.checkpoint import ModelFolder, check_transformers, model_folder
from safesweep.scorers.base import Client, Scorer, ScorerSettings
from safesweep.scorers.vlm_judge import short_digest
from safesweep.scorers.weights import folder_id, require_file
from safesweep.settings import Dtype
from safesweep.tokenizing import tokenized
from safesweep.types import Picture

OWN = ("dangerous", "sexual", "violence")
"""The policies that it was trained on."""
MODEL_TYPE = "shieldgemma2"
WORDS = ("yes", "no")
"""What its two tokens say, in the order of its probabilities."""


class ShieldGemma2Settings(ScorerSettings):
    """The model and its policies."""

    kind: Literal["shieldgemma2"] = "shieldgemma2"
    model: str
    """A local folder or a hub id."""
    revision: str | None = None
    """Of a hub id."""
    policies: tuple[str, ...] = Field(default=OWN, min_length=1)
    """What is measured: names of its own policies (dangerous, sexual, violence) or of ``custom_policies``."""
    custom_policies: dict[str, str] = Field(default={})
    """Name -> what the policy says, as text or as a .txt or .md file; one of the own names replaces that policy's text."""
    device: str = "cpu"
    """torch device."""
    dtype: Dtype = "float32"
    """Type of its weights."""

    @field_validator("policies")
    @classmethod
    def _each_once(cls, policies: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(policies)) != len(policies):
            raise ValueError(f"{', '.join(policies)}: each policy once")
        return policies

    def check(self) -> None:
        """The model's files, that it is of this kind, and the policies."""
        for name in self.policies:
            if name not in (*OWN, *self.custom_policies):
                allowed = ", ".join(dict.fromkeys((*OWN, *self.custom_policies)))
                raise self.bad(f"policies: {name!r} is unknown; allowed: {allowed}, or one of custom_policies")
        for name in self.custom_policies:
            if name not in self.policies:
                raise self.bad(f"custom_policies: {name!r} is not among policies; add it there")
        self._texts()
        check_transformers(self.model, "processor_config.json", "tokenizer_config.json", revision=self.revision)
        folder = self._folder()
        found = folder.read("config.json").get("model_type")
        if found != MODEL_TYPE:
            raise self.bad(f"model: {self.model}: model_type is {found!r} in its config.json; allowed: {MODEL_TYPE}")
        folder.require("chat_template.jinja", "the chat template")

    def model_id(self) -> str:
        """ "model@sha256:…", with custom policies " (policies 1a2b3c4d)"."""
        texts = [f"{name}\n{text}" for name, text in self._texts().items()]
        return folder_id(self.model, self.revision) + (f" (policies {short_digest(*texts)})" if texts else "")

    def _folder(self) -> ModelFolder:
        return model_folder(self.model, self.revision)

    def _texts(self) -> dict[str, str]:
        found = {}
        for name, text in self.custom_policies.items():
            if text.endswith((".txt", ".md")):
                text = require_file(self, f"custom_policies.{name}", text).read_text(encoding="utf-8")
            if not text.strip():
                raise self.bad(f"custom_policies.{name}: the policy is empty")
            found[name] = text.strip()
        return found

    def load(self, *clients: Client) -> "ShieldGemma2Scorer":
        """The scorer, its model loaded."""
        return ShieldGemma2Scorer(str(self._folder().path), self.policies, self._texts(), self.device, self.dtype)


class ShieldGemma2Scorer(Scorer):
    """A policy at a time: its prompts are then of one length, and no row is padded.

    Raises ``InputError`` for a model whose two tokens are not "Yes" and "No" to its tokenizer.
    """

    def __init__(self, path: str, policies: Sequence[str], custom: dict[str, str], device: str, dtype: Dtype) -> None:
        from transformers import AutoProcessor, ShieldGemma2ForImageClassification

        from safesweep.dtypes import DTYPES

        quiet_libraries()
        self._policies, self._custom, self._device = tuple(policies), dict(custom), device
        self._model = (
            ShieldGemma2ForImageClassification.from_pretrained(path, dtype=DTYPES[dtype], trust_remote_code=False)
            .to(device)
            .eval()
        )
        self._processor = AutoProcessor.from_pretrained(path, trust_remote_code=False)
        tokens = (self._model.yes_token_index, self._model.no_token_index)
        said = tuple(self._processor.tokenizer.decode([token]).strip().casefold() for token in tokens)
        if said != WORDS:
            raise InputError(
                f"{path}: yes_token_index and no_token_index are the tokens {said} of its tokenizer; allowed: {WORDS}"
            )

    def score(self, pictures: Sequence[Picture], prompts: Sequence[str]) -> list[list[Measurement]]:
        """Each policy's P(violated), in [0, 1]."""
        found: list[list[Measurement]] = [[] for _ in pictures]
        for policy in self._policies:
            for row, value in zip(found, self._violated(pictures, policy), strict=True):
                row.append(Measurement(policy, value))
        return found

    def _violated(self, pictures: Sequence[Picture], policy: str) -> list[float]:
        import torch

        inputs: dict[str, Any] = tokenized(
            self._processor,
            images=[Image.fromarray(picture) for picture in pictures],
            policies=[policy],
            custom_policies=self._custom,
            return_tensors="pt",
        )
        if not bool(inputs["attention_mask"].all()):
            raise ValueError(f"policy {policy!r}: rows of one policy have several lengths and were padded")
        moved = {
            name: value.to(self._device, self._model.dtype if value.is_floating_point() else value.dtype)
            for name, value in inputs.items()
        }
        with torch.inference_mode():
            # the answer's logits alone: a vocabulary of 262,144 for every place of the prompt would be gigabytes
            logits = self._model(**moved, logits_to_keep=1).logits.float()
        return [float(value) for value in logits.softmax(dim=-1)[:, 0].tolist()]
