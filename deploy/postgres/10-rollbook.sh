# Run once, when the image of PostgreSQL makes its cluster.

# Backups copy its files and follow its log from the containers beside it, by password; the image lets only itself.
echo "host replication all samenet scram-sha-256" >>"$PGDATA/pg_hba.conf"

# The superuser passes every wall: what it says stands in the server's log (`docker compose logs db`).
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username postgres --dbname postgres \
  --command "ALTER ROLE postgres SET log_statement = 'all'"
