import pytest

from serving.events.feed import open_feed
from serving.events.glance import NOTHING, FileGlance, ServerGlance, glance_at
from serving.problems.errors import StoreAway
from serving.store.opening import open_store
from tests.serving.events.conftest import event


@pytest.fixture
def glance(store):
    found = glance_at(store)
    yield found
    found.close()


def test_before_the_first_event_nothing_is_seen(glance, store):
    assert glance.look() == NOTHING
    name = open_feed(store).name
    assert glance.look() == (name, 0)


def test_a_look_sees_what_others_committed(glance, tell):
    before = glance.look()
    tell(event())

    assert not glance.unchanged()
    assert glance.look() == (before[0], 1)


def test_a_connection_that_was_lost_is_opened_again(glance, tell):
    tell(event())
    glance.look()
    glance.close()

    assert not glance.unchanged()
    assert glance.look()[1] == 1


def test_a_file_is_asked_only_whether_it_changed(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    glance = FileGlance(str(tmp_path / "store.db"))
    assert not glance.unchanged()  # never looked yet
    glance.look()
    assert glance.unchanged()
    open_feed(store)
    assert not glance.unchanged()
    glance.look()
    assert glance.unchanged()
    glance.close()
    store.close()


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "store.db").write_text("no database, though quite long enough to look like one" * 10)
    glance = FileGlance(str(tmp_path / "store.db"))
    with pytest.raises(StoreAway):
        glance.look()
    assert not glance.unchanged()


def test_a_database_in_memory_is_asked_through_its_own_connections():
    store = open_store("sqlite:///:memory:")
    glance = glance_at(store)
    assert isinstance(glance, ServerGlance)
    glance.close()
    store.close()
