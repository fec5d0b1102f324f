import pytest

from serving.events.feed import open_feed
from serving.store.errors import EventsWaitForFolding
from serving.store.opening import open_store
from serving.store.upgrading import move
from tests.serving.events.conftest import event, tell_to


def test_going_back_to_a_layout_without_events_is_refused_while_any_waits(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    open_feed(store)
    tell_to(store, event())

    with pytest.raises(EventsWaitForFolding):
        move(store.engine, "0003")
    assert tell_to(store, event(activity_id="b")).position == 2
    store.close()
