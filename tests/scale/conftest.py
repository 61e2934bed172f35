"""Small clusters on this machine, of two worker processes each, started once for all tests of an engine."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest


@dataclass(frozen=True)
class Engine:
    """A running cluster, the arguments of `joblib.parallel_config` that move work to it, and a wait for its workers."""

    name: str
    config: dict = field(default_factory=dict)
    handle: object = None
    wait: Callable[[], object] = lambda: None


def start_dask():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield Engine("dask", {"backend": "dask"}, client, lambda: client.wait_for_workers(2, timeout=60))


def start_ray():
    ray = pytest.importorskip("ray")
    from ray.util.joblib import register_ray

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=200_000_000)
    register_ray()
    yield Engine("ray", {"backend": "ray", "n_jobs": 2}, ray)
    ray.shutdown()


def start_spark():
    pytest.importorskip("pyspark")
    joblibspark = pytest.importorskip("joblibspark")
    import shutil

    from pyspark.sql import SparkSession

    if "JAVA_HOME" not in os.environ and shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    session = (
        builder.config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1").getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")
    joblibspark.register_spark()
    yield Engine("spark", {"backend": "spark", "n_jobs": 2}, session)
    session.stop()


STARTS = {"dask": start_dask, "ray": start_ray, "spark": start_spark}


@pytest.fixture(scope="session", params=STARTS)
def cluster(request):
    yield from STARTS[request.param]()


@pytest.fixture
def engine(cluster):
    cluster.wait()  # a worker that another test has killed is started again by dask, a moment later
    return cluster
