package tenanttest

import (
	"context"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/tenant"
)

// nextWriteFault says what goes wrong with a write, and half the time it takes.
func (c *Conditions) nextWriteFault(op tenant.Operation) (WriteFault, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	half := c.slowWrite / 2
	if len(c.failNext) > 0 {
		class := c.failNext[0]
		c.failNext = c.failNext[1:]
		return Refused(class), half
	}
	if c.failWrite != nil {
		return c.failWrite(op), half
	}
	return WriteFault{}, half
}

func (c *Conditions) visibleAt() time.Time {
	if c.lag <= 0 {
		return time.Time{}
	}
	return time.Now().Add(c.lag)
}

// permissions answers a permissions request.
func (c *Conditions) permissions(req tenant.PermissionsRequest) (tenant.Permissions, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, kind := range req.Kinds {
		if c.kinds[kind] == nil {
			return tenant.Permissions{}, c.record.fail(tenant.Invalid, kind, "", "there is no such kind", nil)
		}
	}
	result := tenant.Permissions{ConsentURL: c.cfg.ConsentURL, Directory: c.cfg.Directory}
	for _, p := range c.cfg.Permissions {
		if p.Write && !req.Write {
			continue
		}
		p.Kinds = slices.DeleteFunc(slices.Clone(p.Kinds), func(kind string) bool {
			return !slices.Contains(req.Kinds, kind)
		})
		if len(p.Kinds) > 0 {
			result.Required = append(result.Required, p)
		}
	}
	for p := range c.granted {
		result.Granted = append(result.Granted, p)
	}
	slices.Sort(result.Granted)
	return result, nil
}

// missing returns the permissions that the kind lacks. The caller holds the lock.
func (c *Conditions) missing(kind string, write bool) []string {
	var missing []string
	for _, p := range c.cfg.Permissions {
		granted := slices.ContainsFunc(p.AnyOf, func(name string) bool { return c.granted[name] })
		if p.Write == write && slices.Contains(p.Kinds, kind) && !granted && len(p.AnyOf) > 0 {
			missing = append(missing, p.AnyOf[0])
		}
	}
	return missing
}

// readable says why a kind cannot be read.
func (c *Conditions) readable(kind, op string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.closed(kind, false)
	if err == nil && c.kinds[kind].failReads != "" {
		err = c.record.fail(c.kinds[kind].failReads, kind, "", "failed by the test", nil)
	}
	if err != nil {
		err.Op = op
		return err
	}
	return nil
}

// closed says why a kind cannot be used at all. The caller holds the lock.
func (c *Conditions) closed(kind string, write bool) *tenant.Error {
	k := c.kinds[kind]
	if k == nil {
		return c.record.fail(tenant.Invalid, kind, "", "there is no such kind", nil)
	}
	if k.unlicensed {
		return c.record.fail(tenant.NotLicensed, kind, "", "the tenant has no licence for this", nil)
	}
	missing := c.missing(kind, write)
	if k.forbidden || len(missing) > 0 {
		err := c.record.fail(tenant.AccessDenied, kind, "", "insufficient privileges", nil)
		err.Missing = missing
		return err
	}
	return nil
}

// awaitRead takes the time that a read takes, with the waits of a client that
// is throttled.
func (c *Conditions) awaitRead(ctx context.Context) error {
	c.mu.Lock()
	slow := c.slowRead
	c.mu.Unlock()
	if err := sleep(ctx, slow); err != nil {
		return err
	}
	for budget := c.cfg.ReadBudget; ; {
		err := c.takeThrottle()
		if err == nil {
			return nil
		}
		if err.RetryAfter > budget {
			return err
		}
		budget -= max(err.RetryAfter, time.Millisecond)
		if err := sleep(ctx, err.RetryAfter); err != nil {
			return err
		}
	}
}

// takeThrottle refuses a request if it is one of those that are throttled.
func (c *Conditions) takeThrottle() *tenant.Error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.throttled.calls <= 0 {
		return nil
	}
	c.throttled.calls--
	err := c.record.fail(tenant.Throttled, "", "", "too many requests", nil)
	err.RetryAfter = c.throttled.after
	return err
}

// sleep waits for d or until the context ends.
func sleep(ctx context.Context, d time.Duration) error {
	if retry.Pause(ctx, d) != nil {
		return ctx.Err()
	}
	return nil
}
