"""A small history with changes, owners and a customer who is no longer active."""

from datetime import datetime

import pytest

from features.history import History

NOW = datetime(2026, 11, 21, 1, 30)


@pytest.fixture
def company(story) -> History:
    story.rep("ann").rep("bo")
    story.customer("C1", name="新润能源", segment="small").customer("C2", name="Old & Sons")
    story.deal("D1", customer_id="C1", stage="Lead", pipeline="sales", amount=1000, rep="ann", created_at="2026-01-05")
    story.deal("D1").changes("stage", "Proposal", on="2026-03-01").changes("amount", "2500", on="2026-04-01")
    story.deal("D2", customer_id="C1", pipeline="sales", amount=400, rep="bo", created_at="2026-02-01")
    story.deal("D3", customer_id="C2", rep="bo", created_at="2024-01-01", status="won", closed_at="2024-03-01")
    story.order("C1", on="2026-10-01", rep_id="ann").order("C2", on="2024-03-01", rep_id="bo")
    story.order("C9", on="2026-09-01")
    return story.history
