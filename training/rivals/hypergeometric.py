"""Where does the hypergeometric function of purchase models come from? From the part of SciPy that has it.

`import scipy.special` brings array libraries, NumPy's testing tools and its Fortran compiler: a quarter of a second and
24 MiB. The function itself stands in one compiled file that needs nothing but NumPy, and gives the same numbers.
"""

import sys
from collections.abc import Callable
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, cast

Hypergeometric = Callable[[Any, Any, Any, Any], Any]
"""2F1(a, b; c; z) of arrays."""
HOLDS = "_special_ufuncs"


@cache
def hypergeometric() -> Hypergeometric:
    """SciPy's `hyp2f1`, alone where this SciPy keeps it apart."""
    if "scipy.special" not in sys.modules:
        try:
            return _alone()
        except (ImportError, AttributeError, OSError, StopIteration):
            pass
    from scipy.special import hyp2f1

    return cast(Hypergeometric, hyp2f1)


def _alone() -> Hypergeometric:
    """Raises ImportError, AttributeError, OSError or StopIteration where SciPy is built otherwise."""
    import scipy

    compiled = (*Path(scipy.__path__[0], "special").glob(f"{HOLDS}.*.so"),)
    spec = spec_from_file_location(HOLDS, next(iter(compiled)))
    if spec is None or spec.loader is None:
        raise ImportError(HOLDS)
    holder = module_from_spec(spec)
    spec.loader.exec_module(holder)
    return cast(Hypergeometric, holder.hyp2f1)
