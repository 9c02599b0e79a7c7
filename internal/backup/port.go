package backup

import (
	"context"
	"log/slog"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/repo"
)

// Request has the tenant to back up, and the run that asks for it.
type Request struct {
	// Run is the run's ID, which the keys of its writes begin with. Actor asked for
	// it.
	Run, Actor string
	// Comparison has the tenant as it was read.
	Comparison *diff.Comparison
	Lines      repo.Lines
	// Adopt: the tenant's drift goes into the desired line.
	Adopt bool
	// Before is what the run has adopted before it was interrupted.
	Before Adopted
	// Made is the backup that the run has made before it was interrupted, or "".
	Made string
	Log  *slog.Logger
	Port Port
}

// Port is what the engine does for a backup.
type Port interface {
	// Former reads the summary that the run has stored with the backup
	// [Request.Made].
	Former(ctx context.Context) (*Summary, error)
	// Store stores an encoded [Adoption]. The desired line is written only after
	// that.
	Store(ctx context.Context, adoption []byte) error
}
