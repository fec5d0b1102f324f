import subprocess
import sys

PROGRAM = """
import sys
from features.without_pandas import keep_arrow_from_pandas
keep_arrow_from_pandas()
import numpy, pyarrow
pyarrow.array(numpy.array(["a"], object), pyarrow.string()).to_pylist()
pyarrow.chunked_array([[1, 2]]).to_numpy()
print("pandas" in sys.modules)
import pandas
print(pandas.DataFrame({"a": [1]}).a.sum(), any("NoPandas" in repr(one) for one in sys.meta_path))
"""


def test_arrow_converts_without_loading_pandas_which_still_can_be_imported():
    said = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)

    assert said.stdout.split() == ["False", "1", "False"]
