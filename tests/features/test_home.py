import os

import pytest

from features.home import make_private


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps rights otherwise")
def test_a_new_home_is_its_owners_alone_and_an_old_one_is_left_as_it_is(tmp_path):
    old = tmp_path / "old"
    old.mkdir(mode=0o755)
    make_private(old)
    make_private(tmp_path / "deep" / "new")

    assert oct(old.stat().st_mode & 0o777) == "0o755"
    assert oct((tmp_path / "deep" / "new").stat().st_mode & 0o777) == "0o700"
