package backup

import (
	"context"
	"log/slog"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/repo"
)

// Request names the tenant to back up, and the run that asks for it.
type Request struct {
	// Run is the run's ID, and the keys of the run's writes begin with it.
	// Actor is the person who asked for the run.
	Run, Actor string
	// Comparison holds the tenant as the run read it.
	Comparison *diff.Comparison
	Lines      repo.Lines
	// Adopt writes the tenant's drift into the desired line.
	Adopt bool
	// AnyTargets allows targets that name no object: those that no person named, or
	// that a revision of the backup line may have.
	AnyTargets bool
	// Before lists the drift that the run adopted before an interruption.
	Before Adopted
	Log    *slog.Logger
	Port   Port
}

// Port is the engine's side of a backup.
type Port interface {
	// Store stores an encoded [Adoption]. The run writes the desired line only
	// after Store has succeeded.
	Store(ctx context.Context, adoption []byte) error
}
