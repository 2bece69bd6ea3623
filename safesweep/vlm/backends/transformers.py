"""Any ``AutoModelForImageTextToText`` (Qwen2.5-VL, LLaVA, SmolVLM, …) in a pool of replicas on Ray Serve."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import Field, PositiveInt

from safesweep.errors import InputError
from safesweep.models.checkpoint import check_transformers, digest, model_folder
from safesweep.settings import Dtype
from safesweep.vlm.base import Answerer, DigestOf, PooledVlm
from safesweep.vlm.chat import ChatVlm
from safesweep.vlm.examples import load_examples
from safesweep.vlm.processor_files import check_processor
from safesweep.vlm.processor_options import ProcessorOptions
from safesweep.vlm.vocabulary import vocabulary_asking


class TransformersVlm(ChatVlm, PooledVlm):
    """A vision-language model from a folder or the hub's cache."""

    backend: Literal["transformers"] = "transformers"
    """Who answers: transformers (a pool of one's own), serve_llm (one of vLLM), openai (somebody else's endpoint), or a plugin's."""
    model: str
    """Local folder or hub id for ``AutoModelForImageTextToText``."""
    revision: str | None = None
    """Of a hub id."""
    mode: Literal["generate", "score"] = "generate"
    """generate: the model writes its answer; score: the vocabulary's terms are ranked by likelihood in one forward."""
    vocabularies: tuple[str, ...] = ()
    """score: YAML files of the vocabularies that do not ship."""
    reuse_prefix: bool = True
    """Encode the examples once where the model gives the same logits that way."""
    processor_options: ProcessorOptions = Field(default={})
    """What the processor does differently from its config, e.g. ``{max_pixels: 200704}`` or ``{do_image_splitting: false}``."""
    device: str = "cpu"
    """Where it runs, as torch names it."""
    dtype: Dtype = "float32"
    """Type of its weights."""
    threads: PositiveInt | None = None
    """torch threads of a replica; by default torch's own choice."""

    @classmethod
    def refuse(cls, foreign: Mapping[str, Any]) -> None:
        """An endpoint's address or key. Raises ``ValueError``."""
        if foreign.get("url") or foreign.get("api_key_env"):
            raise ValueError("url and api_key_env belong to backend openai; backend is transformers")

    def check(self, questions: Iterable[str] = ()) -> None:
        """The examples' pictures, in score mode that every question is a vocabulary's, and the model's files, the processor's included.

        Raises ``InputError``.
        """
        super().check(questions)
        if self.mode == "score":
            for question in questions:
                try:
                    vocabulary_asking(question, self.vocabularies)
                except InputError as error:
                    raise InputError(
                        f"vlm.mode: score ranks the terms of a vocabulary's own question, which a method's or a judge's words "
                        f"replace: {error}; allowed there: generate"
                    ) from None
        check_transformers(self.model, "tokenizer_config.json", revision=self.revision)
        check_processor(model_folder(self.model, self.revision), self.processor_options)

    def model_id(self, digest_of: DigestOf = digest) -> str:
        """ "folder@digest". Raises ``InputError`` for a model that is not on this machine."""
        return f"{self.model}@{digest_of(self.model, self.revision)}"

    def deciding(self, digest_of: DigestOf = digest) -> dict[str, Any]:
        """The weights, their type, and how the conversation is put and answered."""
        weights = digest_of(self.model, self.revision)
        return {"weights": weights, "dtype": self.dtype, "mode": self.mode, **self.conversation()}

    def described(self) -> str:
        """Copies and model."""
        return f"{self.replicas} × {self.model} on Ray Serve"

    def load(self) -> Answerer:
        """The model with its examples. Raises ``InputError`` when it is not on this machine."""
        import torch

        from safesweep.vlm.local import VisionLanguageModel
        from safesweep.vlm.ranked import RankedAnswers

        if self.threads:
            torch.set_num_threads(self.threads)
        model = VisionLanguageModel.load(
            str(model_folder(self.model, self.revision).path),
            self.device,
            self.dtype,
            self.revision,
            self.max_new_tokens,
            self.picture_size,
            load_examples(self.examples),
            self.reuse_prefix,
            self.processor_options,
        )
        return model if self.writes else RankedAnswers(model, self.vocabularies)

    @property
    def weights(self) -> tuple[str, str | None]:
        """Folder, or hub id and revision."""
        return self.model, self.revision

    @property
    def writes(self) -> bool:
        """Not in score mode."""
        return self.mode == "generate"

    @property
    def weighs(self) -> bool:
        """Where it may write, it may be read as well."""
        return self.writes
