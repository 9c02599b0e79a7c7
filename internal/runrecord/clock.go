package runrecord

import "time"

// Clock is a run's time. It stands still while the run waits for a person. The
// times are the store's.
type Clock struct {
	// WorkUntil is when the run times out. Each wait moves it.
	WorkUntil time.Time `json:"workUntil"`
	// WorkFor is the time that the run began with.
	WorkFor time.Duration `json:"workFor,omitempty"`
	// WaitingSince is when the present wait began; zero while there is none.
	WaitingSince time.Time `json:"waitingSince,omitzero"`
	// Attempt counts the attempts of the phase that failed with a transient error.
	Attempt int `json:"attempt,omitempty"`
}

// NewClock returns the clock of a run that begins now and may work for a time.
func NewClock(now time.Time, workFor time.Duration) Clock {
	return Clock{WorkUntil: now.Add(workFor), WorkFor: workFor}
}

// Await begins a wait.
func (c *Clock) Await(now time.Time) { c.WaitingSince = now }

// Waiting reports whether the clock stands still.
func (c *Clock) Waiting() bool { return !c.WaitingSince.IsZero() }

// Resume ends the wait, if there is one, and adds its length to the run's time. A
// store's clock that went back adds nothing.
func (c *Clock) Resume(now time.Time) {
	if c.Waiting() {
		c.WorkUntil = c.WorkUntil.Add(max(0, now.Sub(c.WaitingSince)))
		c.WaitingSince = time.Time{}
	}
}

// Left is the time that the run still has.
func (c *Clock) Left(now time.Time) time.Duration { return c.WorkUntil.Sub(now) }
