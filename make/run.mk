# What is done with Rollbook day by day: thin words for its commands. ARGS="..." is passed on.

.PHONY: demo prod-setup worker start stop status logs serve migrate migrate-status

demo: $(VENV)/.run ## Show it all on made-up students. ARGS="--port 9000 --oulad DIR", ARGS=--once, ARGS=--help.
	@$(ROLLBOOK) demo $(ARGS)

prod-setup: $(VENV)/.run ## Set up for production: roles, keys, secrets, schema, doctor. Again after each upgrade.
	@$(ROLLBOOK) prod-setup $(ARGS)

worker: $(VENV)/.run ## Do what is to be done by schedule, until Ctrl-C.
	@$(ROLLBOOK) worker run $(ARGS)

start: $(VENV)/.run ## Start PostgreSQL and bring the schema up to date.
	@$(ROLLBOOK) up $(ARGS)
	@$(ROLLBOOK) migrate up

stop: $(VENV)/.run ## Stop PostgreSQL.
	@$(ROLLBOOK) down $(ARGS)

status: $(VENV)/.run ## Describe the server.
	@$(ROLLBOOK) status $(ARGS)

logs: $(VENV)/.run ## Print the end of PostgreSQL's log. ARGS="-n 200 --follow".
	@$(ROLLBOOK) logs $(ARGS)

serve: $(VENV)/.run ## Serve the pages and the API. ARGS="--port 9000".
	@$(ROLLBOOK) serve $(ARGS)

migrate: $(VENV)/.run ## Bring the schema up to date.
	@$(ROLLBOOK) migrate up $(ARGS)

migrate-status: $(VENV)/.run ## Say which migrations are applied and which are missing.
	@$(ROLLBOOK) migrate status $(ARGS)
