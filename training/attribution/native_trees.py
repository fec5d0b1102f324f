"""How are LightGBM trees scored without importing the lightgbm package, whose import pulls in pandas and scikit-learn?

The shared library inside the installed package is called directly through its C interface (`LightGBM/c_api.h`).
Matrices are float64, row by row, NaN for missing; categories are whole-number codes in float columns, as in training.
"""

import ctypes
import importlib.util
import sys
import threading
import weakref
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from features.errors import ForesellError
from training.attribution.tree_effects import TreeEffects
from training.attribution.tree_text import CorruptTrees, read_tree_text

Floats = npt.NDArray[np.float64]

# Constants of LightGBM's c_api.h.
_FLOAT64, _ROW_MAJOR, _RAW, _CONTRIBUTIONS, _ALL_TREES = 1, 1, 1, 3, -1
_PARAMETERS = b"num_threads=1"
_LIBRARIES = {"win32": "lib_lightgbm.dll", "darwin": "lib_lightgbm.dylib"}


class TreeLibraryMissing(ForesellError):
    """The LightGBM shared library is not on this machine."""

    problem = "The LightGBM library was not found ({0})."
    fix = "install it with: pip install lightgbm (on Linux it also needs the system package libgomp1)."


class WrongWidth(ForesellError):
    """A matrix whose columns are not the model's."""

    problem = "The trees take rows of {1} numbers and were given an array of shape {0}."
    fix = "build the table with the features the model was trained on, in the same order."


class NativeTrees:
    """A LightGBM model with one output, held by the C library and freed with this object.

    Safe to use from many threads at once; picklable through its text.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._booster = _Booster(text)
        self.width = self._booster.width
        self._local = threading.local()

    @classmethod
    def from_text(cls, model_text: str) -> Self:
        """The model that `Booster.save_model` or `model_to_string` wrote; raises CorruptTrees, TreeLibraryMissing."""
        return cls(model_text)

    def raw(self, matrix: Floats) -> Floats:
        """Log-odds of each row of a matrix [n, width]; raises WrongWidth."""
        return self._booster.predict(self._checked(matrix), _RAW, 1)[:, 0]

    def contributions(self, matrix: Floats) -> Floats:
        """Exact Shapley values as LightGBM's `pred_contrib` defines them, [n, width + 1] (`tree_effects`).

        In log-odds; the last column is `expected`, and a row sums to `raw`. Raises WrongWidth.
        """
        if self._effects is None:
            return self.library_contributions(matrix)
        return self._effects.of(self._checked(matrix))

    def library_contributions(self, matrix: Floats) -> Floats:
        """The same from LightGBM's own code, some forty times slower; raises WrongWidth."""
        return self._booster.predict(self._checked(matrix), _CONTRIBUTIONS, self.width + 1)

    @cached_property
    def expected(self) -> float:
        """The mean log-odds over the training rows, from which contributions count."""
        return float(self.contributions(np.zeros((1, self.width)))[0, -1])

    @cached_property
    def _effects(self) -> TreeEffects | None:
        """None where only LightGBM can tell: it says so itself, or machine code cannot be made here."""
        try:
            return TreeEffects(read_tree_text(self.text))
        except (CorruptTrees, ImportError, OSError, RuntimeError, AttributeError):
            return None

    def raw_one(self, row: Floats | Sequence[float]) -> float:
        """Log-odds of one row of `width` numbers, by the library's single-row path; raises WrongWidth."""
        if len(row) != self.width:
            raise WrongWidth(np.shape(row), self.width)
        line: _SingleRow | None = getattr(self._local, "line", None)
        if line is None:
            # One per thread: the library keeps scratch space in it.
            line = self._local.line = _SingleRow(self._booster)
        return line.score(row)

    def _checked(self, matrix: Floats) -> Floats:
        if np.ndim(matrix) != 2 or np.shape(matrix)[1] != self.width:
            raise WrongWidth(np.shape(matrix), self.width)
        return np.ascontiguousarray(matrix, dtype=np.float64)

    def __reduce__(self) -> tuple[type[Self], tuple[str]]:
        return type(self), (self.text,)


class _Booster:
    """The library's handle of one model."""

    def __init__(self, text: str) -> None:
        self.width = read_tree_text(text).width
        library, iterations, self.handle = _library(), ctypes.c_int(), ctypes.c_void_p()
        _check(
            library.LGBM_BoosterLoadModelFromString(text.encode(), ctypes.byref(iterations), ctypes.byref(self.handle))
        )
        weakref.finalize(self, library.LGBM_BoosterFree, self.handle)

    def predict(self, matrix: Floats, kind: int, outputs: int) -> Floats:
        answers = np.empty((len(matrix), outputs))
        if not len(matrix):
            return answers
        length = ctypes.c_int64()
        _check(
            _library().LGBM_BoosterPredictForMat(
                self.handle,
                ctypes.c_void_p(matrix.ctypes.data),
                _FLOAT64,
                ctypes.c_int32(len(matrix)),
                ctypes.c_int32(self.width),
                _ROW_MAJOR,
                kind,
                0,
                _ALL_TREES,
                _PARAMETERS,
                ctypes.byref(length),
                ctypes.c_void_p(answers.ctypes.data),
            )
        )
        if length.value != answers.size:
            raise CorruptTrees(f"it answered {length.value} numbers instead of {answers.size}")
        return answers


class _SingleRow:
    """One thread's line to a booster: a prepared call with its own input and output."""

    def __init__(self, booster: _Booster) -> None:
        self._booster = booster  # the booster must outlive the prepared call
        self._row = np.empty(booster.width)
        self._length, self._answer, handle = ctypes.c_int64(), ctypes.c_double(), ctypes.c_void_p()
        library = _library()
        _check(
            library.LGBM_BoosterPredictForMatSingleRowFastInit(
                booster.handle,
                _RAW,
                0,
                _ALL_TREES,
                _FLOAT64,
                ctypes.c_int32(booster.width),
                _PARAMETERS,
                ctypes.byref(handle),
            )
        )
        weakref.finalize(self, library.LGBM_FastConfigFree, handle)
        self._arguments = (
            handle,
            ctypes.c_void_p(self._row.ctypes.data),
            ctypes.byref(self._length),
            ctypes.byref(self._answer),
        )
        # A call of microseconds keeps the interpreter lock: giving it up could cost a 5 ms wait behind a busy thread.
        self._call = _library(keep_lock=True).LGBM_BoosterPredictForMatSingleRowFast

    def score(self, row: Floats | Sequence[float]) -> float:
        self._row[:] = row
        _check(self._call(*self._arguments))
        return self._answer.value


def _check(status: int) -> None:
    if status != 0:
        message = _library().LGBM_GetLastError().decode(errors="replace")
        raise CorruptTrees(f"LightGBM says: {message.strip()}")


@cache
def _library(*, keep_lock: bool = False) -> ctypes.CDLL:
    spec = importlib.util.find_spec("lightgbm")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    name = _LIBRARIES.get(sys.platform, "lib_lightgbm.so")
    path = next((p for folder in folders if (p := Path(folder, "lib", name)).exists()), None)
    if path is None:
        raise TreeLibraryMissing(f"no {name} in the lightgbm package")
    try:
        library = ctypes.PyDLL(str(path)) if keep_lock else ctypes.CDLL(str(path))
    except OSError as error:
        raise TreeLibraryMissing(str(error)) from error
    library.LGBM_GetLastError.restype = ctypes.c_char_p
    for free in (library.LGBM_BoosterFree, library.LGBM_FastConfigFree):
        free.argtypes = [ctypes.c_void_p]
    return library
