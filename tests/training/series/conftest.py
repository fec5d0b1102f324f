from collections.abc import Iterator

import pytest

from training.series.base_forecasts import ARIMA, MOST_SERIES


@pytest.fixture(autouse=True, scope="package")
def arima_for_the_company_only() -> Iterator[None]:
    """ARIMA takes most of the time that a fit takes; one series shows that it takes part."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(MOST_SERIES, ARIMA, 1)
        yield
