import pytest

from features.strict_yaml import UnreadableYaml, read_yaml


def read(tmp_path, content):
    path = tmp_path / "m.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_yaml(path)


def test_words_stay_what_the_user_wrote(tmp_path):
    found = read(tmp_path, "{No: lost, 1: yes, day: 2016-10-20, sum: 1e3, none: null, tilde: ~, empty: , q: 'null'}")
    assert found == {
        "No": "lost", "1": "yes", "day": "2016-10-20", "sum": "1e3", "none": None, "tilde": None, "empty": None,
        "q": "null",
    }  # fmt: skip


def test_nested_lists_and_mappings(tmp_path):
    assert read(tmp_path, "a:\n  - {b: c}\n  - d\n") == {"a": [{"b": "c"}, "d"]}


@pytest.mark.parametrize(
    ("content", "line", "word"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", 3, ""),
        ("a: 1\nb: 2\na: 3\n", 3, "'a' stands here twice"),
        ("a: 1\n\tb: 2\n", 2, ""),
        (b"a: \xff\xfe\n", 1, "UTF-8"),
        ("? [a]\n: b\n", 1, "key"),
    ],
)
def test_an_unreadable_file_is_named_with_its_line(tmp_path, content, line, word):
    with pytest.raises(UnreadableYaml, match=f"line {line}: .*{word}"):
        read(tmp_path, content)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("a: &a [*a]\n", "a part holds itself"),
        ("a: &a {b: *a}\n", "a part holds itself"),
        ("{" * 5000, "hundreds deep"),
        ("[" * 5000 + "]" * 5000, "hundreds deep"),
    ],
)
def test_a_file_without_a_bottom_is_refused(tmp_path, content, word):
    with pytest.raises(UnreadableYaml, match=word):
        read(tmp_path, content)


def test_a_part_named_again_is_read_once(tmp_path):
    laughs = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 60))
    found = read(tmp_path, f"a0: &a0 x\n{laughs}")
    assert found["a1"] == ["x"] * 9
    assert found["a59"][0] is found["a59"][8]


def test_an_empty_file_is_nothing(tmp_path):
    assert read(tmp_path, "# only a comment\n") is None
