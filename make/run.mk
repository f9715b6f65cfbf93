# What is done with Rollbook day by day: thin words for its commands. ARGS="..." is passed on.

.PHONY: demo start stop status logs serve migrate migrate-status migrate-force

demo: $(VENV)/.run ## Show it all on made-up students. ARGS="--port 9000 --oulad DIR", ARGS=--once, ARGS=--help.
	@$(ROLLBOOK) demo $(ARGS)

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
