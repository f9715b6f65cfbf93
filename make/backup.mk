# Backups: thin words for `rollbook backup`. ARGS="..." is passed on.

.PHONY: backup backup-schema backup-data backup-list backup-verify backup-drill restore

backup: $(VENV)/.run ## Take a backup of tables and rows.
	@$(ROLLBOOK) backup create --full $(ARGS)

backup-schema: $(VENV)/.run ## Take a backup of the tables alone.
	@$(ROLLBOOK) backup create --schema $(ARGS)

backup-data: $(VENV)/.run ## Take a backup of the rows alone.
	@$(ROLLBOOK) backup create --data $(ARGS)

backup-list: $(VENV)/.run ## List the backups.
	@$(ROLLBOOK) backup list $(ARGS)

backup-verify: $(VENV)/.run ## Read every backup and say whether it is whole.
	@$(ROLLBOOK) backup verify --all $(ARGS)

backup-drill: $(VENV)/.run ## Prove the newest backup of the server's files by restoring it in private.
	@$(ROLLBOOK) backup drill $(ARGS)

restore: $(VENV)/.run ## Restore a backup: BACKUP_FILE=<its id, or latest>. ARGS=--yes does not ask.
	@test -n "$(BACKUP_FILE)" || { echo "Say which: make restore BACKUP_FILE=latest (make backup-list)" >&2; exit 2; }
	@$(ROLLBOOK) backup restore "$(BACKUP_FILE)" $(ARGS)
