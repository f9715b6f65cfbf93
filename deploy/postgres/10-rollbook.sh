# Run once, when the image of PostgreSQL makes its cluster: backups copy its files and follow its log from the
# containers beside it, by password; the image lets only itself do that.
echo "host replication all samenet scram-sha-256" >>"$PGDATA/pg_hba.conf"
