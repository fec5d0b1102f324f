import pytest

from serving.language import preferred


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh", "zh"),
        ("zh-Hans-CN, en;q=0.5", "zh"),
        ("en-GB,zh;q=0.9", "en"),
        ("en;q=0.3, zh;q=0.9", "zh"),
        ("fr, de", "en"),
        ("zh;q=0", "en"),
        ("zh;q=high", "en"),
        ("zha", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_the_language_liked_best_among_ours(header, language):
    assert preferred(header, "en") == language


def test_without_a_wish_the_setting_decides():
    assert preferred("fr", "zh") == "zh"
