import io
import json
import logging
import subprocess
import sys

from serving.telemetry.request_log import LOGGER, REQUEST_UNDER_WAY, JsonLines, JsonStream, stream_of, without_secrets

KEY = "fsl_abcdefgh_" + "s" * 43


def line_of(message: str, *facts: object, **more: object) -> dict[str, object]:
    record = logging.LogRecord(LOGGER, logging.WARNING, "", 0, message, facts, None)
    vars(record).update(more)
    return dict(json.loads(JsonLines().format(record)))


def test_keys_and_passwords_that_a_foreign_message_quotes_are_cut_out() -> None:
    said = line_of("could not use %s at %s", KEY, "postgresql+psycopg://anna:hunter2@db/foresell")

    assert said["message"] == "could not use fsl_abcdefgh_... at postgresql+psycopg://anna:...@db/foresell"
    assert without_secrets("mail anna@example.com about https://example.com:8000/x") == (
        "mail anna@example.com about https://example.com:8000/x"
    )


def test_a_line_inside_a_request_carries_its_id_and_one_outside_does_not() -> None:
    assert "request_id" not in line_of("outside")
    token = REQUEST_UNDER_WAY.set("r1")
    try:
        assert line_of("inside")["request_id"] == "r1"
    finally:
        REQUEST_UNDER_WAY.reset(token)


def test_everything_a_process_says_is_json_lines() -> None:
    code = """
import asyncio, logging, threading, warnings
from serving.telemetry.request_log import log_json_lines
log_json_lines("info")
logging.getLogger("uvicorn.error").error("from the server")
logging.getLogger("sqlalchemy").warning("from a library")
logging.getLogger("sqlalchemy").info("not heard")
warnings.warn("a warning")
thread = threading.Thread(target=lambda: 1 / 0, name="worker")
thread.start(); thread.join()
async def lost():
    raise ValueError("nobody waits for this")
async def main():
    task = asyncio.ensure_future(lost())
    await asyncio.sleep(0)
    del task
asyncio.run(main())
import gc; gc.collect()
raise RuntimeError("at the end with postgresql://a:hunter2@db")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]

    said = [line["message"] for line in lines]
    assert said[:2] == ["from the server", "from a library"]
    assert "a warning" in said[2]
    assert (said[3], lines[3]["thread"]) == ("fault in a thread", "worker")
    assert any("never retrieved" in line["message"] for line in lines)
    assert said[-1] == "fault"
    assert "a:...@db" in lines[-1]["traceback"]
    assert "hunter2" not in done.stderr
    assert done.returncode == 1


def test_lines_of_requests_go_straight_to_the_stream_only_where_the_log_is_ours(monkeypatch) -> None:
    log, house, stream = logging.getLogger(LOGGER), logging.getLogger("foresell"), JsonStream()
    assert stream_of(log) is None
    monkeypatch.setattr(house, "handlers", [stream])
    monkeypatch.setattr(house, "propagate", False)
    monkeypatch.setattr(house, "level", logging.INFO)
    house.manager._clear_cache()
    try:
        assert stream_of(log) is stream
        monkeypatch.setattr(house, "level", logging.WARNING)
        house.manager._clear_cache()
        assert stream_of(log) is None
    finally:
        monkeypatch.undo()
        house.manager._clear_cache()


def test_a_standard_error_that_is_gone_stops_nothing() -> None:
    stream = JsonStream()
    stream.stream = io.StringIO()
    stream.stream.close()

    stream.write("line\n")
