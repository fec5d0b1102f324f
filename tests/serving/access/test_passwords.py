import pytest

from serving.access import passwords
from serving.access.passwords import hash_password, is_outdated, is_password
from serving.problems.access_errors import PasswordTooWeak

GOOD = "three quiet rivers"


@pytest.fixture
def hashes(monkeypatch, cheap_hashes):
    """The cost of every hash that was computed."""
    computed = []
    true = passwords.is_secret
    monkeypatch.setattr(passwords, "is_secret", lambda text, h: computed.append(h.split("$")[1:4]) or true(text, h))
    return computed


def test_the_cost_is_what_the_documentation_says():
    assert hash_password(GOOD, "anna").split("$")[:4] == ["scrypt", "32768", "8", "3"]


def test_a_password_holds_and_others_do_not(cheap_hashes):
    kept = hash_password(GOOD, "anna")

    assert is_password(GOOD, kept)
    assert not is_password(GOOD + " ", kept)
    assert not is_password("", kept)
    assert kept != hash_password(GOOD, "anna")


def test_it_is_the_same_however_the_keyboard_writes_it(cheap_hashes):
    assert is_password("ｔhree quiet rivers", hash_password(GOOD, "anna"))
    assert is_password("cafe\u0301 au lait 12", hash_password("caf\u00e9 au lait 12", "anna"))


@pytest.mark.parametrize(
    ("weak", "said"),
    [
        ("short", "5 characters"),
        ("", "0 characters"),
        ("x" * 1025, "1025"),
        ("aaaaaaaaaaaab", "repeats"),
        ("Anna.Lindqvist", "user's name"),
    ],
)
def test_a_weak_one_is_refused_without_being_repeated(weak, said):
    with pytest.raises(PasswordTooWeak, match=said) as refused:
        hash_password(weak, "anna.lindqvist")
    assert not weak or weak not in str(refused.value)


def test_an_unknown_user_takes_the_same_hash(hashes):
    kept = hash_password(GOOD, "anna")

    assert not is_password("wrong", kept)
    assert not is_password("wrong", None)
    assert hashes[0] == hashes[1]


def test_a_hash_of_another_cost_is_outdated(cheap_hashes):
    kept = hash_password(GOOD, "anna")

    assert not is_outdated(kept)
    assert is_outdated(kept.replace("$16$", "$8$"))
