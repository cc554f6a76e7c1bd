"""What several tests of preparing share."""

import shutil

import pytest


@pytest.fixture(scope="session")
def spark():
    """A local Spark session of two threads, small, without a web page."""
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java, which is not here")
    session = pytest.importorskip("pyspark.sql").SparkSession
    settings_ = {
        "spark.master": "local[2]",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "OFF",
        "spark.driver.memory": "1g",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.adaptive.enabled": "false",
    }
    building = session.builder
    for key, value in settings_.items():
        building = building.config(key, value)
    running = building.getOrCreate()
    yield running
    running.stop()
