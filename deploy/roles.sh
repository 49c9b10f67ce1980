#!/bin/sh
# The two roles of compose.yaml, when PostgreSQL's volume is new.
set -eu
psql --set ON_ERROR_STOP=1 --username postgres --dbname portal \
    --set owner="$(cat /run/secrets/owner.password)" --set serving="$(cat /run/secrets/serving.password)" <<'SQL'
CREATE ROLE portal_owner LOGIN PASSWORD :'owner';
CREATE ROLE portal_serving LOGIN PASSWORD :'serving';
ALTER DATABASE portal OWNER TO portal_owner;
ALTER SCHEMA public OWNER TO portal_owner;
SQL
