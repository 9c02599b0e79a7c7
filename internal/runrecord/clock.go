package runrecord

import "time"

// Clock measures a run's time. It stops while the run waits for a person. All
// times are the store's.
type Clock struct {
	// WorkUntil is when the run times out. Each wait moves it.
	WorkUntil time.Time `json:"workUntil"`
	// WorkFor is the working time that the run began with.
	WorkFor time.Duration `json:"workFor,omitempty"`
	// WaitingSince is the start of the present wait. It is zero outside a wait.
	WaitingSince time.Time `json:"waitingSince,omitzero"`
	// Attempt counts the attempts of the phase that failed with a transient error.
	Attempt int `json:"attempt,omitempty"`
}

// NewClock returns the clock of a run that begins now and may work for workFor.
func NewClock(now time.Time, workFor time.Duration) Clock {
	return Clock{WorkUntil: now.Add(workFor), WorkFor: workFor}
}

// Await begins a wait.
func (c *Clock) Await(now time.Time) { c.WaitingSince = now }

// Waiting reports whether the run waits, so that the clock stands still.
func (c *Clock) Waiting() bool { return !c.WaitingSince.IsZero() }

// Resume ends the present wait, if any, and extends the run's deadline by its
// length. If the store's clock went back in between, Resume adds nothing.
func (c *Clock) Resume(now time.Time) {
	if c.Waiting() {
		c.WorkUntil = c.WorkUntil.Add(max(0, now.Sub(c.WaitingSince)))
		c.WaitingSince = time.Time{}
	}
}

// Left returns the time that the run still has.
func (c *Clock) Left(now time.Time) time.Duration { return c.WorkUntil.Sub(now) }
