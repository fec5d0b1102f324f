from datetime import date, datetime
from decimal import Decimal

from serving.questions.record_json import record_in_json


def test_values_are_written_as_json_has_them_and_attributes_gathered():
    record = {
        "deal_id": "D-1",
        "created_at": datetime(2026, 1, 2, 3, 4, 5),
        "expected_close_on": date(2026, 12, 31),
        "amount": Decimal("12.5000"),
        "crm_probability": 0.5,
        "stage": None,
        "attr_region": "north",
    }

    assert record_in_json(record) == {
        "deal_id": "D-1",
        "created_at": "2026-01-02T03:04:05Z",
        "expected_close_on": "2026-12-31",
        "amount": 12.5,
        "crm_probability": 0.5,
        "stage": None,
        "attributes": {"region": "north"},
    }
