"""One notebook in Airflow, for an analyst to look at. It publishes nothing."""

import pendulum
from airflow.providers.papermill.operators.papermill import PapermillOperator
from airflow.sdk import DAG

FOLDER = "/srv/equity"

with DAG(
    dag_id="equity_notebook",
    description="Run one notebook on tables that `equity check` made; not a release",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="America/Chicago"),
    catchup=False,
) as dag:
    PapermillOperator(
        task_id="workforce",
        input_nb=f"{FOLDER}/notebooks/02_workforce_representation.ipynb",
        output_nb=f"{FOLDER}/data/processed/workforce_{{{{ ts_nodash }}}}.ipynb",
        parameters={"city": "sample", "period": "2025Q4"},
        kernel_name="equity",
    )
