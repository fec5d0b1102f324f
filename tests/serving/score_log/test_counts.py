import os
import signal
import subprocess
import sys

from serving.score_log.counts import Count, Counting, counted


def test_numbers_outlive_their_process(tmp_path):
    counting = Counting(tmp_path, "one")
    counting.taken, counting.written, counting.lost = 7, 5, 2
    counting.close()

    assert counted(tmp_path) == (Count(), Count(7, 5, 2))


def test_a_process_that_lives_is_told_from_one_that_ended(tmp_path):
    counting = Counting(tmp_path, "one")
    counting.taken = 3
    counting.keep()

    living, ended = counted(tmp_path)
    counting.close()
    assert (living, ended) == (Count(3), Count())


def test_a_killed_process_leaves_its_count(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from serving.score_log.counts import Counting\n"
        "c = Counting(Path(sys.argv[1]), 'killed'); c.taken, c.written = 9, 4; c.keep(); print('kept', flush=True)\n"
        "time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "kept\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()

    assert counted(tmp_path) == (Count(), Count(9, 4))


def test_where_no_file_can_be_made_it_counts_in_memory(tmp_path):
    (tmp_path / "file").write_text("in the way")
    counting = Counting(tmp_path / "file", "one")
    counting.lost += 1
    counting.keep()
    counting.close()

    assert counting.lost == 1
