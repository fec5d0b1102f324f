"""Where is the machine code of the loops kept? Made once in a process, when it is first asked for."""

from functools import cache

from training.attribution.loop import as_split, explain_tree
from training.machine_code.compiling import Machine, compiled
from training.rowwise import loops_of_curves, loops_of_effects, loops_of_terms, loops_of_trees

TROUBLE = (ImportError, OSError, RuntimeError, AttributeError)
"""What `code` raises where machine code cannot be made."""


@cache
def code() -> dict[str, Machine]:
    """The compiled loops by name; raises one of TROUBLE where llvmlite cannot make them."""
    entries = (
        loops_of_terms.add_terms,
        loops_of_trees.ask_trees,
        loops_of_trees.explain_trees,
        loops_of_curves.answer_curve,
        loops_of_effects.attribute_curve,
    )
    beside = (
        loops_of_terms.above, loops_of_terms.bent_part, loops_of_trees.see, as_split, explain_tree,
        loops_of_curves.sigmoid, loops_of_curves.odds_of_chance, loops_of_curves.share_of, loops_of_curves.bent,
        loops_of_curves.first_not_below, loops_of_curves.weigh, loops_of_curves.pace_of, loops_of_curves.read,
        loops_of_curves.days_of, loops_of_curves.mix, loops_of_effects.certain_odds, loops_of_effects.chance_of,
        loops_of_effects.mean_slopes, loops_of_effects.add_trees,
    )  # fmt: skip
    return compiled("rowwise", entries, beside)
