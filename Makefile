# The tests and benchmarks that take too long for every change. See CONTRIBUTING.md.

.PHONY: crash year walk mutants mutants-random model bench bench-stores linear

# Workers and databases killed hundreds of times: about half an hour. It prints
# what became of it; the seed repeats its decisions: make crash SEED=42
crash:
	go test ./internal/crashtest -count 1 -v -timeout 2h -long -seed $(or $(SEED),0)

# A simulated year of 1,000 tenants: some twenty minutes on two cores. It prints
# what happened; the same seed gives the same year: make year SEED=42
year:
	go test ./internal/simulation -run TestYear -count 1 -v -timeout 3h -year -seed $(or $(SEED),0)

# Every call of a sync goes wrong in every way, all points: some minutes.
walk:
	go test ./syncer -run FaultWalk -every-call -count 1 -timeout 1h -v

# Bugs planted into the engine, each of which the simulation has to find, and
# regressions, each of which the counts of a sync without changes have to find.
mutants:
	go test ./internal/simulation -run TestPlantedBugs -mutants -count 1 -timeout 1h -v
	go test ./internal/planbench -run TestCountsFindRegressions -mutants -count 1 -timeout 1h -v

# Random one-line faults in the library, each against the own tests of its
# package: about ten minutes for 200. It prints the seed, every fault that
# survives, and the score by package and kind. The same seed draws the same faults:
# make mutants-random SEED=42 N=100 KIND=boundary PKG=plan,internal/diff
# N=0 takes all. AT=plan/guard.go:12 N=0 takes those of one line.
mutants-random:
	go run ./internal/mutant/random -seed $(or $(SEED),0) -n $(or $(N),200) -kind '$(KIND)' -pkg '$(PKG)' -at '$(AT)'

# Thousands of random stories, held against a model of the statuses. One that
# breaks a rule is printed as a script: make model CHECKS=20000
model:
	go test ./syncer -run 'TestModel$$' -count 1 -v -timeout 6h -rapid.checks $(or $(CHECKS),5000) -model.shrink 5m

# The comparison beside its peers, in one process, and the medians: some minutes.
# BENCHMARKS.md tells how to read them. With 100,000 policies too, which takes more
# than 5 GB of memory: make bench LARGE=1
bench:
	@go version && go list -m github.com/wI2L/jsondiff github.com/google/go-cmp
	go test ./internal/planbench -run '^$$' -bench . -count $(or $(COUNT),5) -timeout 2h $(if $(LARGE),-large) | go run ./internal/planbench/medians

# The stores beside bare statements, each pair in one process: some minutes, and
# a million tenants in PostgreSQL. Fewer: make bench-stores TENANTS=100000
bench-stores:
	go test ./state -run '^$$' -bench Next -count $(or $(COUNT),5)
	go test ./state/pgstore -run '^$$' -bench 'Commit$$' -benchtime 1x -count $(or $(COUNT),5) -timeout 2h
	go test ./state/pgstore -run '^$$' -bench 'Claim$$' -benchtime 1x -tenants $(or $(TENANTS),1000000) -samples $(or $(SAMPLES),10000) -timeout 2h
	go test ./state/sqlitestore -run '^$$' -bench 'Commit$$' -benchtime 7x -timeout 2h
	go test ./internal/planbench -run '^$$' -bench SyncOnStore -benchtime 7x -timeout 2h

# What approvals, targets, retries and syncs cost with 1,000 to 8,000 items, and by
# what each doubling multiplies it: some two minutes on two cores.
linear:
	@go version
	go test ./syncer -run '^$$' -bench Growth -benchtime 1x -count $(or $(COUNT),5) -timeout 2h
