"""How is a YAML file read so that every word stays the text the user wrote?

PyYAML follows YAML 1.1, where `No: lost` has the key False, `1e3` is a text and `2016-10-20` a date; a
repeated key silently wins. Here every plain word is a text, only `null`, `~` and nothing are nothing, and a
repeated key is an error.
"""

from pathlib import Path

import yaml

from features.errors import ForesellError

Node = str | None | list["Node"] | dict[str, "Node"]
"""What a document is made of."""


class UnreadableYaml(ForesellError):
    """The file is not YAML, or repeats a key."""

    problem = "{0} is not valid YAML, line {1}: {2}."
    fix = "correct line {1}; indent with blanks, quote texts that hold ': ' or begin with a sign such as % or @."


class _TextLoader(yaml.SafeLoader):
    yaml_implicit_resolvers = {  # noqa: RUF012  (the class attribute PyYAML looks for)
        first: [(tag, pattern) for tag, pattern in rules if tag in ("tag:yaml.org,2002:null",)]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def read_yaml(path: Path) -> Node:
    """The document as dicts, lists, texts and None. Raises UnreadableYaml with the line."""
    try:
        written = path.read_bytes().decode("utf-8-sig")
        root = yaml.compose(written, Loader=_TextLoader)
        return _Plain(path.name).of(root) if root is not None else None
    except RecursionError as wrong:
        raise UnreadableYaml(path.name, 1, "its parts lie within each other hundreds deep") from wrong
    except UnicodeDecodeError as wrong:
        raise UnreadableYaml(path.name, 1, "it is not UTF-8 text") from wrong
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        raise UnreadableYaml(path.name, mark.line + 1 if mark else 1, wrong.problem or "unreadable") from wrong
    except yaml.YAMLError as wrong:
        raise UnreadableYaml(path.name, 1, str(wrong).splitlines()[0]) from wrong


class _Plain:
    """Turns the nodes of one file into dicts, lists, texts and None; a part named twice (`&a`, `*a`) is turned once."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.done: dict[int, Node] = {}
        self.begun: set[int] = set()

    def of(self, node: yaml.Node) -> Node:
        if id(node) in self.done:
            return self.done[id(node)]
        if id(node) in self.begun:
            raise UnreadableYaml(self.file, node.start_mark.line + 1, "a part holds itself")
        self.begun.add(id(node))
        found = self.done[id(node)] = self._of(node)
        return found

    def _of(self, node: yaml.Node) -> Node:
        if isinstance(node, yaml.MappingNode):
            found: dict[str, Node] = {}
            for key, value in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    raise UnreadableYaml(self.file, key.start_mark.line + 1, "a key must be a word or a text")
                if key.value in found:
                    raise UnreadableYaml(self.file, key.start_mark.line + 1, f"'{key.value}' stands here twice")
                found[key.value] = self.of(value)
            return found
        if isinstance(node, yaml.SequenceNode):
            return [self.of(item) for item in node.value]
        return None if node.tag == "tag:yaml.org,2002:null" else str(node.value)
