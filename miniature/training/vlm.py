"""Stage 5: the vision-language model, LLaVA's classes made small: a CLIP vision tower, a projector, a Llama decoder.

The tower first learns, patch by patch, what a convolutional teacher sees; then the whole model learns to answer
"what … do you see: a, b, c?" with the terms that it sees, or "nothing". The vocabulary asked about changes from question to
question, so the model must read it. A question that wants to know how strongly is answered with a grade behind each term.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import nn
from torch.nn import functional as F
from transformers import (
    AutoProcessor,
    CLIPVisionConfig,
    CLIPVisionModel,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    ResNetForImageClassification,
)

from miniature.training.classifier import image_processor
from miniature.training.data import Drawings
from miniature.training.loop import fit
from miniature.training.models import make_classifier
from miniature.training.previews import GRADES, NAME, load_grades, load_previews
from miniature.world import COLOURS, GLYPHS, HAZARDS, LABELS, SIZE

BATCH = 64
PREVIEWS = 44
"""Previews in a batch; the rest are drawings."""
PATCH = 8
TURNS = 2
IGNORED = -100
NOTHING = "nothing"
QUESTIONS = (
    "what unwanted content do you see: {}?",
    "what unwanted content do you see: {}?",
    "which of these do you see: {}?",
    "do you see any of these: {}?",
    "what does this picture show: {}?",
    "look for {}. what do you find?",
)
GRADED_QUESTION = "what unwanted content do you see, and how strongly (faint, clear, strong): {}?"
GRADED_SHARE = 0.2
"""Of the questions about pictures whose grades are known."""
CHAT_TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'user' %}USER:{% else %}ASSISTANT:{% endif %}"
    "{% if message['content'] is string %} {{ message['content'] }}{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% else %} {{ part['text'] }}{% endif %}{% endfor %}{% endif %}"
    "{% if message['role'] == 'assistant' %}</s>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)


def make_language_tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE over the questions' own words: any text can be asked, these words are short."""
    corpus = [question.format(", ".join(GLYPHS)) for question in (*QUESTIONS, GRADED_QUESTION)]
    corpus += [
        f" {word}, {word}." for word in (*LABELS, *COLOURS, *GRADES, NOTHING, "person", "with", "without", "and", "a")
    ]
    corpus += ["USER: ASSISTANT: USER:", "I see nothing of that.", "what unwanted or harmful content is in it?"]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    specials = ["<pad>", "<s>", "</s>", "<image>"]
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        special_tokens=specials,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus * 4, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        extra_special_tokens={"image_token": "<image>"},
        padding_side="left",
    )


def make_processor() -> LlavaProcessor:
    """Image processor, tokenizer and chat template in one."""
    return LlavaProcessor(
        image_processor(),
        make_language_tokenizer(),
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=CHAT_TEMPLATE,
    )


def make_vlm(processor: LlavaProcessor) -> LlavaForConditionalGeneration:
    """The untrained model, about 1.4 M parameters."""
    tokenizer = processor.tokenizer
    vision = CLIPVisionConfig(
        hidden_size=96,
        intermediate_size=288,
        num_hidden_layers=4,
        num_attention_heads=4,
        image_size=SIZE,
        patch_size=PATCH,
        projection_dim=96,
    )
    text = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=320,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=512,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=True,
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=(SIZE // PATCH) ** 2,
        vision_feature_select_strategy="default",
        vision_feature_layer=-1,
        tie_word_embeddings=True,
    )
    return LlavaForConditionalGeneration(config)


class Seen(NamedTuple):
    """What a picture shows, and where it is known, how strongly each of its hazards shows."""

    labels: frozenset[str]
    grades: dict[str, str] | None


def ask(rng: np.random.Generator, seen: Seen) -> tuple[str, str]:
    """A question with its own vocabulary, and the right answer: the terms seen, in the question's order."""
    if seen.grades is not None and rng.random() < GRADED_SHARE:
        graded = [f"{hazard} {seen.grades[hazard]}" for hazard in HAZARDS if hazard in seen.labels]
        return GRADED_QUESTION.format(", ".join(HAZARDS)), ", ".join(graded) or NOTHING
    labels = seen.labels
    if rng.random() < 0.5:
        terms = [HAZARDS[int(k)] for k in (rng.permutation(3) if rng.random() < 0.4 else range(3))]
    else:
        terms = [LABELS[int(k)] for k in rng.permutation(len(LABELS))[: int(rng.integers(2, 7))]]
    question = QUESTIONS[int(rng.integers(len(QUESTIONS)))].format(", ".join(terms))
    return question, ", ".join(term for term in terms if term in labels) or NOTHING


class Conversations:
    """Builds token rows: the picture, then ``TURNS`` questions and answers, loss on the answers alone."""

    def __init__(self, processor: LlavaProcessor) -> None:
        self.tokenizer = processor.tokenizer
        self.image = "<image>" * (SIZE // PATCH) ** 2

    def _encode(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False).input_ids)

    def row(self, rng: np.random.Generator, seen: Seen) -> tuple[list[int], list[int]]:
        """Token ids and targets of one conversation."""
        ids: list[int] = []
        targets: list[int] = []
        for turn in range(TURNS):
            question, answer = ask(rng, seen)
            asked = self._encode(f"USER:{self.image if turn == 0 else ''} {question}ASSISTANT:")
            said = self._encode(f" {answer}</s>")
            ids += asked + said
            targets += [IGNORED] * len(asked) + said
        return ids, targets

    def batch(self, rng: np.random.Generator, pictures: list[Seen]) -> dict[str, torch.Tensor]:
        """Rows padded on the right: input_ids, attention_mask, labels."""
        rows = [self.row(rng, seen) for seen in pictures]
        longest = max(len(ids) for ids, _ in rows)
        pad = self.tokenizer.pad_token_id
        return {
            "input_ids": torch.tensor([ids + [pad] * (longest - len(ids)) for ids, _ in rows]),
            "attention_mask": torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids, _ in rows]),
            "labels": torch.tensor([targets + [IGNORED] * (longest - len(targets)) for _, targets in rows]),
        }


class Pictures:
    """Previews, and drawings of which most are degraded towards what previews look like; all shifted by some pixels."""

    def __init__(self, drawings: Drawings, previews: Drawings, grades: NDArray[np.int8]) -> None:
        self.drawings, self.previews, self.grades = drawings, previews, grades

    def batch(self, rng: np.random.Generator, noise: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Pixels [BATCH, 3, 64, 64] in [-1, 1] and multi-hot labels [BATCH, len(LABELS)]."""
        pixels, labels, _ = self.graded_batch(rng, noise)
        return pixels, labels

    def graded_batch(
        self, rng: np.random.Generator, noise: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor, list[NDArray[np.int8] | None]]:
        """``batch``, and how strongly each hazard shows: places in ``GRADES``, ``None`` where it is not known."""
        first = rng.integers(len(self.previews), size=PREVIEWS)
        second = rng.integers(len(self.drawings), size=BATCH - PREVIEWS)
        drawn = self.drawings.batch(second)
        degraded = len(second) * 3 // 4
        coarse = int(rng.integers(14, 48))
        drawn[:degraded] = F.interpolate(
            F.interpolate(drawn[:degraded], size=coarse, mode="area"), size=SIZE, mode="bilinear", align_corners=False
        )
        specks = torch.rand((degraded, 1, 16, 16), generator=noise) < 0.04 * torch.rand(
            (degraded, 1, 1, 1), generator=noise
        )
        colours = torch.rand((degraded, 3, 1, 1), generator=noise) * 2 - 1
        specks = F.interpolate(specks.float(), size=SIZE, mode="bilinear", align_corners=False)
        drawn[:degraded] = drawn[:degraded] * (1 - specks) + colours * specks
        pixels = torch.cat([self.previews.batch(first), drawn])
        down, right = (int(shift) for shift in rng.integers(-3, 4, size=2))
        shifted = F.pad(pixels, (3, 3, 3, 3), mode="replicate")[
            :, :, 3 + down : 3 + down + SIZE, 3 + right : 3 + right + SIZE
        ]
        shifted = shifted + torch.randn(shifted.shape, generator=noise) * 0.03
        labels = np.concatenate([self.previews.labels[first], self.drawings.labels[second]])
        grades = [*self.grades[first], *[None] * len(second)]
        return shifted.contiguous(memory_format=torch.channels_last), torch.from_numpy(labels), grades


def train_teacher(pictures: Pictures, folder: Path, steps: int) -> ResNetForImageClassification:
    """A small convolutional classifier of previews: it learns in minutes what a transformer takes hours for."""
    teacher = make_classifier().to(memory_format=torch.channels_last)

    def loss_fn(rows: np.random.Generator, noise: torch.Generator) -> torch.Tensor:
        pixels, labels = pictures.batch(rows, noise)
        return F.binary_cross_entropy_with_logits(teacher(pixels).logits, labels)

    fit(teacher, loss_fn, name="teacher", folder=folder, steps=steps, learning_rate=3e-3, decay=0.99)
    return teacher


def pretrain_vision(pictures: Pictures, tower: CLIPVisionModel, folder: Path, steps: int, teacher_steps: int) -> None:
    """Teaches the tower what its teacher sees in each patch, and the labels; the heads for it are thrown away."""
    teacher = train_teacher(pictures, folder, teacher_steps)
    grid = SIZE // PATCH
    width = int(tower.config.hidden_size)
    channels = teacher.config.hidden_sizes[1]
    heads = nn.ModuleDict({"patches": nn.Linear(width, channels), "labels": nn.Linear(width, len(LABELS))})

    def loss_fn(rows: np.random.Generator, noise: torch.Generator) -> torch.Tensor:
        pixels, labels = pictures.batch(rows, noise)
        with torch.no_grad():
            taught = teacher(pixels, output_hidden_states=True)
            features = taught.hidden_states[2]
            assert features.shape[2:] == (grid, grid)
            features = F.layer_norm(features.flatten(2).transpose(1, 2), (channels,))
        patches = tower(pixels).last_hidden_state[:, 1:]
        seen = heads["labels"](patches).logsumexp(dim=1) - float(np.log(grid * grid))
        return F.mse_loss(heads["patches"](patches), features) + F.binary_cross_entropy_with_logits(seen, labels)

    both = nn.ModuleDict({"tower": tower, "heads": heads})
    fit(both, loss_fn, name="vision", folder=folder, steps=steps, learning_rate=1.5e-3, decay=0.99, weight_decay=0.05)


def _seen(labels: list[float], grades: NDArray[np.int8] | None) -> Seen:
    shown = frozenset(name for name, there in zip(LABELS, labels, strict=True) if there)
    if grades is None:
        return Seen(shown, None)
    return Seen(shown, {hazard: GRADES[grade] for hazard, grade in zip(HAZARDS, grades.tolist(), strict=True)})


def train_vlm(drawings: Drawings, folder: Path, steps: dict[str, int], out: Path) -> None:
    """Trains both parts and writes the folder that ``AutoModelForImageTextToText`` and ``AutoProcessor`` read."""
    torch.manual_seed(5)
    processor = make_processor()
    model = make_vlm(processor)
    pictures = Pictures(drawings, load_previews(folder), load_grades(folder))
    pretrain_vision(pictures, model.model.vision_tower, folder, steps["vision"], steps["teacher"])
    _converse(model, processor, pictures, folder, steps["vlm"], name="vlm", learning_rate=1.5e-3)
    _save(model, processor, out)


def train_further(
    drawings: Drawings, folder: Path, steps: int, source: Path, out: Path, *, name: str, previews: str = NAME
) -> None:
    """Goes on from the model in ``source`` on the previews of that name, graded questions among the others; writes it to ``out``."""
    processor = AutoProcessor.from_pretrained(source)
    model = LlavaForConditionalGeneration.from_pretrained(source, dtype=torch.float32)
    pictures = Pictures(drawings, load_previews(folder, previews), load_grades(folder, previews))
    _converse(model, processor, pictures, folder, steps, name=name, learning_rate=1e-3)
    _save(model, processor, out)


def _converse(
    model: LlavaForConditionalGeneration,
    processor: LlavaProcessor,
    pictures: Pictures,
    folder: Path,
    steps: int,
    *,
    name: str,
    learning_rate: float,
) -> None:
    conversations = Conversations(processor)

    def loss_fn(rows: np.random.Generator, noise: torch.Generator) -> torch.Tensor:
        pixels, labels, grades = pictures.graded_batch(rows, noise)
        seen = [_seen(row, grade) for row, grade in zip(labels.tolist(), grades, strict=True)]
        loss = model(pixel_values=pixels, **conversations.batch(rows, seen)).loss
        return torch.as_tensor(loss)

    fit(model, loss_fn, name=name, folder=folder, steps=steps, learning_rate=learning_rate, decay=0.99)


def _save(model: LlavaForConditionalGeneration, processor: LlavaProcessor, out: Path) -> None:
    model.generation_config.pad_token_id = processor.tokenizer.pad_token_id
    model.half().save_pretrained(out)
    processor.save_pretrained(out)
