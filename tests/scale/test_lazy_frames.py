"""Frames of dask and Spark that are not in memory: refused with the call that makes them so."""

import pandas as pd
import pytest

from sklearn_llmtokens import LLMTokenEmbedder

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(240), pytest.mark.filterwarnings("ignore")]

FRAME = pd.DataFrame({"text": ["good", "bad"]})


def check_refused(frame, call):
    with pytest.raises(TypeError, match=rf"lazy frame .*pass what X\.{call}\(\) returns"):
        LLMTokenEmbedder().fit(frame)
    assert LLMTokenEmbedder().fit(getattr(frame, call)()).n_features_in_ == 1


def test_a_frame_of_dask():
    check_refused(pytest.importorskip("dask.dataframe").from_pandas(FRAME, npartitions=1), "compute")


def test_a_relation_of_duckdb():
    duckdb = pytest.importorskip("duckdb")
    check_refused(duckdb.sql("select * from (values ('good'), ('bad')) v(text)"), "df")


def test_a_frame_of_spark():
    session = pytest.importorskip("pyspark.sql").SparkSession
    spark = session.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    check_refused(spark.createDataFrame([("good",), ("bad",)], ["text"]), "toPandas")
