"""Questions that stand in a prompt file."""

import json

import pytest

from safesweep.errors import InputError
from safesweep.scorers.question_file import read_questions


def written(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    return str(path)


def labels(found):
    return {prompt: [question.label for question in questions] for prompt, questions in found.items()}


def test_a_column_of_any_format_holds_them(tmp_path):
    listed = json.dumps(["Is it a dog?", "not: Is it; a cat?"])
    rows = [
        {"prompt": "a dog", "questions": ["Is it a dog?", "not: Is it; a cat?"]},
        {"prompt": "a cat", "questions": None},
    ]
    wanted = {"a dog": ["Is it a dog?", "not: Is it; a cat?"]}
    assert labels(read_questions(written(tmp_path, "a.jsonl", "\n".join(map(json.dumps, rows))))) == wanted
    quoted = listed.replace('"', '""')
    assert labels(read_questions(written(tmp_path, "a.csv", f'prompt,Questions\na dog,"{quoted}"\na cat,\n'))) == wanted
    plain = read_questions(
        written(tmp_path, "b.csv", "prompt,seed,questions\na dog,1,Is it a dog? ; NOT: Is it red?|Is it big?\n")
    )
    assert labels(plain) == {"a dog": ["Is it a dog?", "not: Is it red?", "Is it big?"]}
    assert [question.expected for question in plain["a dog"]] == [True, False, True]


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.csv", "prompt,seed\nx,1\n", "has 0 columns 'questions'"),
        ("a.csv", "prompt,questions\nx,\n", "holds no question"),
        ("a.csv", 'prompt,questions\nx,"[""a"", "\n', "row 0: questions begins as a JSON list and is none"),
        ("a.csv", "prompt,questions\nx,a?\nx,b?\n", "row 1: an earlier row of the same prompt has other questions"),
        ("a.jsonl", '{"prompt": "x", "questions": 3}\n', "row 0: questions is int; allowed: a list of texts"),
        ("a.docx", "x", "cannot tell the format from the ending '.docx'"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, name, text, why):
    with pytest.raises(InputError, match=why):
        read_questions(written(tmp_path, name, text))


def test_a_missing_file_is_named():
    with pytest.raises(InputError, match="nowhere.csv: no such file"):
        read_questions("nowhere.csv")
