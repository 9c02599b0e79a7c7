package backup

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/tenant"
)

// Made is a comparison whose backup is stored.
type Made struct {
	// Comparison and Result describe the desired line after the adoption.
	Comparison *diff.Comparison
	Result     *diff.Result
	// Backup is the stored backup, which the first comparison made.
	Backup diff.Backup
	// Summary holds the backup's revision and the adopted changes.
	Summary *Summary
}

// Make compares, appends the snapshot to the backup line, and adopts drift.
func Make(ctx context.Context, req Request) (*Made, error) {
	cmp := req.Comparison
	res, err := compare(ctx, cmp)
	if err != nil {
		return nil, err
	}
	if !req.AnyTargets {
		if err := CheckTargets(res); err != nil {
			return nil, err
		}
	}
	revision, err := req.store(ctx, &res.Backup)
	if errors.Is(err, tenant.ErrNoRevision) || !res.Backup.Whole() && (errors.Is(err, tenant.ErrMoved) || errors.Is(err, tenant.ErrInvalidRequest)) {
		// The line has lost the parent, or continues from another revision, or
		// takes differences from its head alone. So this snapshot holds the whole
		// tenant again.
		cmp = cmp.WithoutParent()
		if res, err = compare(ctx, cmp); err != nil {
			return nil, err
		}
		revision, err = req.store(ctx, &res.Backup)
	}
	if err != nil {
		return nil, err
	}
	made := &Made{Comparison: cmp, Result: res, Backup: res.Backup,
		Summary: &Summary{Format: SummaryFormat, Backup: revision, Adopted: req.Before.Changes, Written: req.Before.Revision}}
	if req.Adopt {
		err = made.adopt(ctx, req)
	}
	if err != nil {
		return nil, err
	}
	return made, nil
}

func compare(ctx context.Context, cmp *diff.Comparison) (*diff.Result, error) {
	res, err := cmp.Compare(ctx)
	if err != nil {
		return nil, fmt.Errorf("backup: compare: %w", err)
	}
	return res, nil
}

// CheckTargets returns an error of class invalid_target if targets of the comparison
// name no object: a run of them would change nothing and succeed.
func CheckTargets(res *diff.Result) error {
	var names []string
	for _, t := range res.UnknownTargets {
		name := fmt.Sprintf("%s/%s", t.Kind, t.Key)
		if t.Like != "" {
			name += fmt.Sprintf(" (did you mean %s?)", t.Like)
		}
		names = append(names, name)
	}
	const most = 5
	switch more := len(names) - most; {
	case len(names) == 0:
		return nil
	case more > 0:
		names = append(names[:most], fmt.Sprintf("%d more", more))
	}
	return failure.New(word.ClassInvalidTarget, "no object is called %s: the repository, the last sync and the tenant do not have it; correct the run's targets", strings.Join(names, ", "))
}

// Again compares with a different desired side. The result keeps the stored
// backup.
func (m *Made) Again(ctx context.Context, cmp *diff.Comparison) (*diff.Result, error) {
	res, err := cmp.WithoutBackup().Compare(ctx)
	if err != nil {
		return nil, fmt.Errorf("plan: compare: %w", err)
	}
	res.Backup = m.Backup
	return res, nil
}

// NothingRead reports whether there were kinds to read and all of them failed.
func NothingRead(kinds []tenant.KindState) bool {
	asked := false
	for _, k := range kinds {
		switch k.Completeness {
		case tenant.NotInScope:
			continue
		case tenant.Complete, tenant.NamesOnly, tenant.Partial, tenant.Unlicensed:
			return false
		}
		asked = true
	}
	return asked
}
