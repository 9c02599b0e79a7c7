# The tests that take too long for every change. See CONTRIBUTING.md.

.PHONY: crash

# Workers and databases killed hundreds of times: about half an hour. It prints
# what became of it; the seed repeats its decisions: make crash SEED=42
crash:
	go test ./internal/crashtest -count 1 -v -timeout 2h -long -seed $(or $(SEED),0)
