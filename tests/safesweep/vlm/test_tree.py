"""safesweep/vlm/tree.py: every token's probability in one forward against plain forwards of the branches; test_likelihood.py has more."""

from typing import Any

import pytest
import torch

from safesweep.vlm.prompting import Prompting
from safesweep.vlm.tree import PROMPT, log_probabilities
from tests.safesweep.vlm.conversations import PICTURES, QUESTION, conversation, encoded


def test_a_branch_sees_the_prompt_and_itself_alone(family: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    model, processor = family
    monkeypatch.setattr("safesweep.vlm.tree.MOST_LOGITS", 700)  # two places at a time
    prompting = Prompting(processor)
    inputs = prompting.encode(prompting.text(QUESTION), [[prompting.image(PICTURES[0])]])
    inputs = {name: value.float() if value.is_floating_point() else value for name, value in inputs.items()}
    ids, parents = (40, 41, 42, 43, 44), (PROMPT, 0, 1, 0, PROMPT)
    columns = (40, 43, 50)
    with torch.no_grad():
        found = log_probabilities(model, None, inputs, ids, parents, columns)[0]
        for place, branch in ((0, ()), (1, (40,)), (3, (40, 41, 42)), (4, (40, 43)), (5, (44,))):
            whole = encoded(processor, conversation(PICTURES[0], ()))
            behind = torch.tensor([branch], dtype=torch.long)
            whole["input_ids"] = torch.cat([whole["input_ids"], behind], dim=1)
            for name, value in (("attention_mask", 1), ("mm_token_type_ids", 0)):
                if name in whole:
                    whole[name] = torch.cat([whole[name], torch.full_like(behind, value)], dim=1)
            model.base_model.rope_deltas = None
            wanted = model(**whole).logits[0, -1].float().log_softmax(dim=-1)[list(columns)]
            assert found[place].tolist() == pytest.approx(wanted.tolist(), abs=2e-5)
