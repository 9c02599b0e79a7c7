package syncer_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// stats counts what a model test came by.
type stats struct {
	mu       sync.Mutex
	checks   int
	steps    int
	commands map[string]int
	answers  map[string]map[string]int // by command and answer
	held     int                       // answers that were predicted
	agreed   int                       // runs after which the repository and the tenant were compared
	statuses map[state.Status]int
	events   map[state.Event]int
	outcomes map[syncer.Outcome]int
}

func newStats() *stats {
	return &stats{commands: map[string]int{}, answers: map[string]map[string]int{}, statuses: map[state.Status]int{state.NotRun: 1},
		events: map[state.Event]int{}, outcomes: map[syncer.Outcome]int{}}
}

func (s *stats) stepped(command string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps++
	s.commands[command]++
}

func (s *stats) agree() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.agreed++
}

func (s *stats) answered(command, answer string, held bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if held {
		s.held++
	}
	if s.answers[command] == nil {
		s.answers[command] = map[string]int{}
	}
	s.answers[command][answer]++
}

func (s *stats) moved(e syncer.Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.statuses[e.To]++
	s.events[e.Event]++
	if e.To.Resting() && e.Outcome != "" {
		s.outcomes[e.Outcome]++
	}
}

func counts[K ~string](m map[K]int) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%s %d", k, m[k]))
	}
	return strings.Join(parts, ", ")
}

func (s *stats) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "%d sequences, %d steps, %d answers predicted, %d runs that agreed\ncommands: %s\nstatuses: %s\nevents: %s\noutcomes: %s\n",
		s.checks, s.steps, s.held, s.agreed, counts(s.commands), counts(s.statuses), counts(s.events), counts(s.outcomes))
	for _, c := range slices.Sorted(maps.Keys(s.answers)) {
		fmt.Fprintf(&b, "  %s: %s\n", c, counts(s.answers[c]))
	}
	return b.String()
}

// complete fails the test unless it came by every status and every answer.
func (s *stats) complete(t *testing.T) {
	if s.checks < modelChecks {
		t.Logf("not every status and answer is expected of %d sequences", s.checks)
		return
	}
	for _, status := range state.Statuses() {
		if s.statuses[status] == 0 {
			t.Errorf("no tenant was ever %s", status.Label())
		}
	}
	answers := map[string]int{}
	for name := range asks {
		// No model abstains, and none removes the tenant that it is about:
		// TestRemovalIsFinished does.
		if s.answers[name][accepted] == 0 && name != "abstain" && name != "remove-tenant" {
			t.Errorf("%s was never accepted", name)
		}
		for answer, n := range s.answers[name] {
			answers[answer] += n
		}
	}
	for _, want := range sentinels {
		if answers[want.name] == 0 {
			t.Errorf("nothing was ever answered with %s", want.name)
		}
	}
	for _, want := range []string{brokenRules, wrongSubset} {
		if answers[want] == 0 {
			t.Errorf("nothing was ever answered with a %s", want)
		}
	}
}
