package crashtest_test

import (
	"flag"
	"os"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/internal/crashtest"
)

var (
	long = flag.Bool("long", false, "run the long versions, whose numbers the documentation has")
	seed = flag.Uint64("seed", 0, "make the decisions of this seed; 0 means another one each time")
)

// TestMain is also the main function of the workers.
func TestMain(m *testing.M) {
	if crashtest.IsWorker() {
		os.Exit(crashtest.WorkerMain())
	}
	os.Exit(m.Run())
}

// seedOf returns the seed of a test, and logs it.
func seedOf(t *testing.T) uint64 {
	t.Helper()
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d: repeat with -seed %d", s, s)
	return s
}

// choose returns the long or the short version of something.
func choose[T any](ifLong, ifShort T) T {
	if *long {
		return ifLong
	}
	return ifShort
}
