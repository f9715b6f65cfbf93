# What is done with Rollbook day by day: thin words for its commands. ARGS="..." is passed on.

.PHONY: demo prod-setup worker start stop status logs serve migrate migrate-status migrate-force
.PHONY: reset quick-reset daily-backup

demo: $(VENV)/.run ## Show it all on made-up students. ARGS="--port 9000 --oulad DIR", ARGS=--once, ARGS=--help.
	@$(ROLLBOOK) demo $(ARGS)

prod-setup: $(VENV)/.run ## Set up for production: roles, keys, secrets, schema, doctor. Again after each upgrade.
	@$(ROLLBOOK) prod-setup $(ARGS)

worker: $(VENV)/.run ## Do what is to be done by schedule, until Ctrl-C.
	@$(ROLLBOOK) worker run $(ARGS)

start: $(VENV)/.run ## Start PostgreSQL and bring the schema up to date.
	@$(ROLLBOOK) up $(ARGS)
	@$(ROLLBOOK) db migrate

stop: $(VENV)/.run ## Stop PostgreSQL.
	@$(ROLLBOOK) down $(ARGS)

status: $(VENV)/.run ## Describe the server.
	@$(ROLLBOOK) status $(ARGS)

logs: $(VENV)/.run ## Print the end of PostgreSQL's log. ARGS="-n 200 --follow".
	@$(ROLLBOOK) logs $(ARGS)

serve: $(VENV)/.run ## Serve the pages and the API. ARGS="--port 9000".
	@$(ROLLBOOK) serve $(ARGS)

migrate: $(VENV)/.run ## Bring the schema up to date.
	@$(ROLLBOOK) db migrate $(ARGS)

migrate-status: $(VENV)/.run ## Say which migrations are applied and which are missing.
	@$(ROLLBOOK) db status $(ARGS)

migrate-force: $(VENV)/.run ## Note that the schema is at REV=..., and change nothing else. ARGS=--yes.
	@$(ROLLBOOK) db force $(REV) $(ARGS)

reset: $(VENV)/.run ## Drop everything in the database, of all tenants, and begin anew. It asks; ARGS=--yes does not.
	@$(ROLLBOOK) db reset $(ARGS)

quick-reset: $(VENV)/.run ## For development: start, begin anew without asking, and make a small synthetic district.
	@$(ROLLBOOK) up
	@$(ROLLBOOK) db reset --yes
	@$(ROLLBOOK) generate district --students 200 $(ARGS)

daily-backup: $(VENV)/.run ## What the worker does each night: a backup, then away with those past what is kept.
	@$(ROLLBOOK) backup create $(ARGS)
	@$(ROLLBOOK) backup prune
