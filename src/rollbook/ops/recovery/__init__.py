"""Recovery: copies of the server's files, its log, any moment between, and the proof; knows no pupils.

Owns    what a repository has of a server: copies of its files, segments of its log, proofs of drills
Reads   ops.backup (repository, streams, manifests); the server by PostgreSQL's own programs
Verbs   physical.create; points.make_point; wal_receiver.archive, stop_archiving;
        restoring.restore_home, restore_into; verifying.copies_verified; drilling.held_drill; health.look_over
Terms   log = the server's write-ahead log; mark = the restore point after a copy, where each table was
        summed up; coverage = the moments that a backup can be brought to;
        drill = a restore in private whose signed record says that all was there again
"""
