import pytest


@pytest.fixture(autouse=True)
def _no_window():
    """Draw into memory, and leave no figure open."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    yield
    from matplotlib import pyplot as plt

    plt.close("all")
