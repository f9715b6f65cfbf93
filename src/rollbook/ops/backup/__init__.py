"""Backups: what is kept of the database elsewhere, encrypted, so that it can be had again; knows no pupils.

Owns    the repository (ROLLBOOK_BACKUP_URL: a folder, S3, Azure Blob, GCS); the backup key, a ring of its own
Reads   core.settings, core.keyring, the server by PostgreSQL's own programs
Verbs   repository.open_repository; frames.seal, open_frames; keys.ensure_key, key_ring;
        vault.open_vault; manifest.publish, catalog; logical.create; restoring.restore; verifying.verify;
        retention.prune; smoke.hand_in
Terms   repository = files by name, each there as a whole or not at all;
        stream = what a file holds: compressed, encrypted, in numbered frames bound to the file's name;
        manifest = what one backup is made of, published last: without it there is no backup;
        chain = a base backup and the incrementals that build on it; full, schema, data = logical, by pg_dump
"""
