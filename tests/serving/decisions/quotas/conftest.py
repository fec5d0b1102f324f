"""A small company for plans: two regions, four teams, twelve sellers, draws with a common shock."""

from collections.abc import Callable

import numpy as np
import pytest

from serving.decisions.quotas.question import QuotaQuestion, Seller, Team, Wish


def company(sellers: int = 12, draws: int = 200, seed: int = 1, **wish: object) -> QuotaQuestion:
    """About 1,000 to 2,700 yuan a seller, in fen."""
    rng = np.random.default_rng(seed)
    mean = 100_000 * np.exp(rng.normal(0, 0.5, sellers) + 0.5)
    shock = rng.normal(0, 0.2, (draws, 1))
    totals = mean * np.exp(shock + rng.normal(0, 0.5, (draws, sellers)))
    teams = [Team("co"), Team("east", "co"), Team("west", "co")]
    teams += [Team(f"t{at}", "east" if at % 2 else "west") for at in range(4)]
    people = [
        Seller(
            f"s{at:02d}",
            f"t{at % 4}",
            potential=float(mean[at]),
            last_quota=int(mean[at] * rng.uniform(0.7, 1.3)),
            last_result=int(mean[at] * rng.uniform(0.7, 1.3)),
            tenure_days=float(rng.integers(30, 3000)),
        )
        for at in range(sellers)
    ]
    return QuotaQuestion("2027Q1", "CNY", teams, people, totals, Wish(**wish))  # type: ignore[arg-type]


@pytest.fixture
def small() -> Callable[..., QuotaQuestion]:
    return company
