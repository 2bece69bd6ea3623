"""CSV and TSV: delimiters, quotes and line ends as people have them."""

from pathlib import Path

from safesweep.prompts.reader import read_prompts
from tests.safesweep.prompts.writing import refusal, texts, write


def test_spreadsheet_semicolons(tmp_path: Path) -> None:
    prompts, _ = read_prompts(write(tmp_path, "excel.csv", "prompt;seed\na circle, a key;4\n"))
    assert [(p.text, p.seed) for p in prompts] == [("a circle, a key", 4)]


def test_trailing_commas_are_forgiven(tmp_path: Path) -> None:
    assert texts(read_prompts(write(tmp_path, "t.csv", "prompt,seed\na,1,,\n\nb,2\n"))) == ["a", "b"]


def test_quotes_in_a_tsv_are_letters_where_they_do_not_quote(tmp_path: Path) -> None:
    signs = ['"STOP" painted on a wall', 'a "red" circle', '"unfinished', 'over"']
    content = "prompt\tseed\n" + "".join(f"{sign}\t{n}\n" for n, sign in enumerate(signs))
    prompts = read_prompts(write(tmp_path, "signs.tsv", content)).prompts
    assert [(p.text, p.seed) for p in prompts] == list(zip(signs, range(4), strict=True))
    swallowing = 'prompt\tseed\n"STOP\t1\na key\t2\nhere"\t3\n'
    assert texts(read_prompts(write(tmp_path, "three.tsv", swallowing))) == ['"STOP', "a key", 'here"']
    quoted = 'prompt\tseed\n"two\tfields and ""quotes"""\t1\n'
    assert texts(read_prompts(write(tmp_path, "quoted.tsv", quoted))) == ['two\tfields and "quotes"']


def test_a_quote_that_swallows_lines_is_reported(tmp_path: Path) -> None:
    content = 'seed,prompt\n1,"STOP\n2,a secret key\n3,here"\n4,"a ""leaf"""\n'
    prompts, report = read_prompts(write(tmp_path, "swallowed.csv", content))
    assert (len(prompts), report.of_several_lines) == (2, (0,))
    assert "1 prompts hold line ends (rows 0): is every quote closed?" in report.notes()
    message = refusal(write(tmp_path, "open.csv", 'seed,prompt\n1,a\n2,"STOP\n3,a secret key\n'))
    assert "lines 3 to 4 are one row, by a quote that is opened and not closed" in message and "secret" not in message
