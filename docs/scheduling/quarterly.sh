#!/bin/sh
# Makes the report of the last whole quarter:  quarterly.sh params/CITY.yaml [OPTIONS]
#
# cron, systemd, GitHub Actions and Airflow all call this one file. PERIOD, such as
# 2026Q3, names another quarter. OPTIONS go to `equity run`, and so does the exit code:
# 0 published, anything else: nothing new was published, and why is on standard error.
set -eu
cd "$(dirname "$0")/../.."

year=$(date +%Y)
month=$(date +%m)
month=${month#0}  # the shell reads 08 as an octal number
quarter=$(((month - 1) / 3))
if [ "$quarter" -eq 0 ]; then
    quarter=4
    year=$((year - 1))
fi

params=${1:?"name a params file, such as params/sample.yaml"}
shift
exec .venv/bin/equity run "$params" --period "${PERIOD:-${year}Q$quarter}" "$@"
