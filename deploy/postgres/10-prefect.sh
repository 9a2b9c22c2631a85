#!/usr/bin/env bash
# Runs once, when the database volume is made: Prefect gets a role and a database of its own, so that
# its server can neither read nor write what Whetstone keeps.
set -euo pipefail

psql --no-psqlrc --set=ON_ERROR_STOP=1 --set=password="$PREFECT_DB_PASSWORD" \
    --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
CREATE ROLE prefect LOGIN PASSWORD :'password';
CREATE DATABASE prefect OWNER prefect;
REVOKE CONNECT ON DATABASE :"DBNAME" FROM PUBLIC;
REVOKE CONNECT ON DATABASE prefect FROM PUBLIC;
SQL
