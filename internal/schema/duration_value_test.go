package schema

import "testing"

// A duration is written as months and seconds.
func TestDurationText(t *testing.T) {
	for s, want := range map[string]string{
		"P1Y2M": "P14M", "P1M": "P1M", "-P1Y": "-P12M", "P1W1D": "PT691200S", "PT1H1M1S": "PT3661S", "P1YT1S": "P12MT1S", "P0D": "PT0S", "-P0M": "PT0S",
		"PT1.50S": "PT1.5S", "PT0.5S": "PT0.5S", "-PT0.5S": "-PT0.5S", "PT1.0S": "PT1S", "P1MT0.5S": "P1MT0.5S",
		"P": "P", "PT": "PT", "P1DT": "P1DT", "1D": "1D", "P1": "P1", "PD": "PD", "PT1.S": "PT1.S", "PT1.5M": "PT1.5M", "P1M1Y": "P1M1Y",
		"P999999999999D": "PT86399999999913600S", "P1000000000000D": "P1000000000000D",
	} {
		if got := durationText(s); got != want {
			t.Errorf("%q: got %q, want %q", s, got, want)
		}
	}
}
