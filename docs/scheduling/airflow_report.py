"""The quarterly equity report in Airflow: one task, one release, whole or not."""

from datetime import timedelta

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Param

FOLDER = "/srv/equity"  # a clone in which `make .venv/.ready` was run

with DAG(
    dag_id="equity_report",
    description="Measure, protect, audit and publish the report of a quarter",
    schedule="15 6 5 1,4,7,10 *",
    start_date=pendulum.datetime(2026, 1, 1, tz="America/Chicago"),
    catchup=False,  # a quarter missed is made by hand: its period as a parameter
    max_active_runs=1,
    params={"period": Param("", type="string", pattern="^([0-9]{4}Q[1-4])?$")},
) as dag:
    BashOperator(
        task_id="publish",
        bash_command="exec sh docs/scheduling/quarterly.sh params/sample.yaml",
        cwd=FOLDER,
        env={"PERIOD": "{{ params.period }}", "LANG": "C.UTF-8"},
        append_env=True,  # PATH and HOME
        do_xcom_push=False,
        execution_timeout=timedelta(hours=3),
        retries=1,
        retry_delay=timedelta(minutes=30),
    )
