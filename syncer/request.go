package syncer

import (
	"context"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/bounds"
)

// RunRef names a run of a tenant. An empty Run stands for the tenant's current
// or, at rest, its last run.
type RunRef struct {
	Tenant string `json:"tenant"`
	Run    string `json:"run,omitempty"`
}

// CancelRequest asks to end the run under way.
type CancelRequest struct {
	RunRef
	// Actor is the person. Required.
	Actor string
	// Comment is kept with the run. Optional.
	Comment string
}

// RetryRequest asks for a run that repeats what an ended run did not apply.
type RetryRequest struct {
	RunRef
	// Actor is the person. Required.
	Actor string
}

// RecheckRequest asks for a look at a tenant's permissions.
type RecheckRequest struct {
	// Tenant is required.
	Tenant string
	// Actor is the person or schedule. Required.
	Actor string
}

// PauseRequest asks to hold a tenant.
type PauseRequest struct {
	// Tenant is required.
	Tenant string
	// Actor holds the tenant until the same actor resumes it. Required.
	Actor string
	// Reason is shown to people. Optional.
	Reason string
}

// ResumeRequest asks to give up an actor's hold on a tenant.
type ResumeRequest struct {
	// Tenant is required.
	Tenant string
	// Actor is the one that paused the tenant. Required.
	Actor string
}

// checkTenant reports a missing name, and one that no tenant can have.
func checkTenant(name string) error {
	if name == "" {
		return fieldMissing("Tenant")
	}
	return checkTexts(bounds.Name("Tenant", name))
}

// checkTexts refuses the first text that is too long, or that stores do not take.
func checkTexts(inputs ...bounds.Input) error {
	if err := bounds.Check(inputs...); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return nil
}

// checkAsked reports what an action's request lacks: every one names a tenant
// and the person who asks.
func checkAsked(tenantName, actor string) error {
	if err := checkTenant(tenantName); err != nil {
		return err
	}
	if err := checkTexts(bounds.Name("Actor", actor)); err != nil {
		return err
	}
	if ActorKey(actor) == "" {
		return ErrNoActor
	}
	return nil
}

// fieldMissing is the error of a request without a required field.
func fieldMissing(field string) error { return fmt.Errorf("%w: %s is required", ErrInvalid, field) }

// permit checks what every action needs: a tenant's name, an actor, texts within
// their bounds, and the host's consent.
func (s *records) permit(ctx context.Context, actor string, action Action, tenantName string, inputs ...bounds.Input) error {
	if err := checkAsked(tenantName, actor); err != nil {
		return err
	}
	if err := checkTexts(inputs...); err != nil {
		return err
	}
	if s.cfg.Authorize != nil {
		if err := s.cfg.Authorize(ctx, actor, action, tenantName); err != nil {
			return fmt.Errorf("syncer: %s: %s by %s: %w", tenantName, action, actor, err)
		}
	}
	return nil
}
