"""safesweep/vlm/processor_files.py on folders as the library saves them, and that what it asks for is what the library needs."""

import json
import shutil
from pathlib import Path

import pytest
from transformers import AutoProcessor

from miniature import WEIGHTS
from safesweep.errors import InputError
from safesweep.models.checkpoint import ModelFolder
from safesweep.vlm import VisionLanguageModel
from safesweep.vlm.processor_files import check_processor
from tests.safesweep.vlm.conversations import PICTURES, QUESTION
from tests.safesweep.vlm.random_vlms import FAMILIES


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Family -> its folder."""
    folders = {}
    for name, make in FAMILIES.items():
        folders[name] = tmp_path_factory.mktemp(name)
        for part in make():
            part.save_pretrained(folders[name])
    return folders


def change(path: Path, **values: object) -> None:
    config = json.loads(path.read_text())
    path.write_text(json.dumps({key: value for key, value in {**config, **values}.items() if value is not None}))


@pytest.mark.parametrize("name", FAMILIES)
def test_whole_folders_pass_and_one_without_a_template_does_not(saved, name, tmp_path):
    folder = shutil.copytree(saved[name], tmp_path / "vlm")
    check_processor(ModelFolder(folder), {})
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(InputError, match=f"{folder}: the processor has no chat template"):
        check_processor(ModelFolder(folder), {})
    if name != "llama4":  # whose processor's class has a template of its own, which is none of a guard's
        with pytest.raises(InputError, match="has no chat template"):
            VisionLanguageModel.load(str(folder))


def test_the_miniatures_folder_passes():
    check_processor(ModelFolder(WEIGHTS / "vlm"), {})


def test_llava_needs_the_side_of_a_patch(saved, tmp_path):
    folder = shutil.copytree(saved["llava"], tmp_path / "vlm")
    change(folder / "processor_config.json", patch_size=None)
    with pytest.raises(InputError, match="LlavaProcessor has no patch_size; allowed: .*processor_options"):
        check_processor(ModelFolder(folder), {})
    with pytest.raises(TypeError):
        VisionLanguageModel.load(str(folder), max_new_tokens=1).answer(PICTURES[:1], [QUESTION])
    options = {"patch_size": 8}
    check_processor(ModelFolder(folder), options)
    assert AutoProcessor.from_pretrained(folder, **options).patch_size == 8
    assert VisionLanguageModel.load(str(folder), max_new_tokens=1, processor_options=options).answer(
        PICTURES[:1], [QUESTION]
    )
