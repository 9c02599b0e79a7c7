package authtest

import (
	"fmt"
	"time"
)

// Answer enters a code that was shown, now: for a person who sits in front of
// the program instead of in a script. It returns an error for a code that was
// never shown, was used, or has expired.
func (e *Entra) Answer(userCode string, act Act) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range e.codes {
		if c.user != userCode || c.redeemed || time.Since(c.shown) >= e.cfg.CodeLifetime {
			continue
		}
		c.person = Person{Act: act, After: time.Since(c.shown)}
		return nil
	}
	return fmt.Errorf("authtest: the code %q is not one that can be used", userCode)
}
