"""Where is the machine code of tree effects? Made when it is first asked for, once in a process."""

from functools import cache

from training.attribution.loop import as_split, explain_rows, explain_tree
from training.machine_code.compiling import Machine, compiled


@cache
def kernel() -> Machine:
    """The loop `explain_rows`. Raises ImportError, OSError, RuntimeError or AttributeError where it cannot be made."""
    return compiled("tree_effects", [explain_rows], [as_split, explain_tree])["explain_rows"]
