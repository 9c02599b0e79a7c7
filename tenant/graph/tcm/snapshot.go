package tcm

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/wire"
)

const (
	// stamp is the form of the time in a job's display name.
	stamp = "20060102150405"
	// failedRest is how long a failed job of the client's keeps it from creating
	// another: most of a day, so that a daily sync asks once a day.
	failedRest = 20 * time.Hour
	// stuckAfter is when a job counts as failed that has not ended.
	stuckAfter = 20 * time.Hour
)

// kindRead is what a snapshot has of one kind.
type kindRead struct {
	objects []tenant.Resource
	result  tenant.ReadResult // Complete, Partial, Forbidden or Failed
}

// whole is a snapshot by kinds.
type whole struct {
	created time.Time
	kinds   map[string]kindRead
}

// load returns the newest snapshot that is young enough, and has the service take one if
// there is none. The error is a *tenant.Error, or the context's.
func (s service) load(ctx context.Context, types []resourceType) (whole, error) {
	ctx, stop := context.WithTimeoutCause(ctx, s.cfg.Wait, &tenant.Error{Class: tenant.Transient, Op: "read",
		Message: fmt.Sprintf("the snapshot was not there within the %s that Config.Wait allows; the next sync looks for it again", s.cfg.Wait)})
	defer stop()
	jobs, err := s.jobs(ctx)
	if err != nil {
		return whole{}, err
	}
	j, found := s.usable(jobs, types)
	if !found {
		if j, err = s.next(ctx, jobs, types); err != nil {
			return whole{}, err
		}
	}
	if j, err = s.finished(ctx, j); err != nil {
		return whole{}, err
	}
	resources, err := s.snapshot(ctx, j)
	if err != nil {
		return whole{}, err
	}
	return whole{j.Created, byKind(j, types, resources, s.cfg.Every)}, nil
}

// isOwn reports whether a client of this name has created the job.
func (s service) isOwn(j job) bool {
	when, ok := strings.CutPrefix(j.Name, s.cfg.Name+" ")
	_, err := time.Parse(stamp, when)
	return ok && err == nil
}

// usable returns the newest of the client's jobs that has all the types and need not be
// made again.
func (s service) usable(jobs []job, types []resourceType) (job, bool) {
	var best job
	for _, j := range jobs {
		age := time.Since(j.Created)
		rest := s.cfg.Every
		switch {
		case j.isRunning():
			rest = stuckAfter
		case !j.hasSnapshot():
			rest = failedRest
		}
		if s.isOwn(j) && age < rest && j.covers(types) && j.Created.After(best.Created) {
			best = j
		}
	}
	return best, best.ID != ""
}

// covers reports whether the job was created for all the types.
func (j job) covers(types []resourceType) bool {
	return !slices.ContainsFunc(types, func(t resourceType) bool {
		return !slices.ContainsFunc(j.Types, func(name string) bool { return strings.EqualFold(name, t.name) })
	})
}

// next creates a job, within the service's limits and the host's.
func (s service) next(ctx context.Context, jobs []job, types []resourceType) (job, error) {
	if err := s.withinMonth(ctx, jobs); err != nil {
		return job{}, err
	}
	if err := s.makeRoom(ctx, jobs); err != nil {
		return job{}, err
	}
	j, err := s.create(ctx, s.cfg.Name+" "+time.Now().UTC().Format(stamp), types)
	if failure, ok := errors.AsType[*tenant.Error](err); !ok || !failure.MaybeApplied {
		j.Status = running // the answer lacks what comes only when $select names it
		return j, err
	}
	// The job may be there: another one would use up the quota a second time.
	again, listErr := s.jobs(ctx)
	if listErr != nil {
		return job{}, listErr
	}
	if j, found := s.usable(again, types); found {
		return j, nil
	}
	return job{}, err
}

// withinMonth refuses a snapshot that would use up the month's resources. The service
// tells neither the sum nor the size of a snapshot, so the client counts the resources of
// the visible ones. They are those of the last 7 days. A snapshot that cannot be read
// counts as empty.
func (s service) withinMonth(ctx context.Context, jobs []job) error {
	used, last := 0, 0
	var newest time.Time
	for _, j := range jobs {
		if !j.hasSnapshot() {
			continue
		}
		resources, err := s.snapshot(ctx, j)
		if cause := wire.Ended(ctx); cause != nil {
			return cause
		}
		if err != nil {
			s.cfg.Logger.Warn("a snapshot cannot be counted", "job", wire.Word(j.ID), "error", err)
			continue
		}
		used += len(resources)
		if s.isOwn(j) && j.Created.After(newest) {
			last, newest = len(resources), j.Created
		}
	}
	perMonth := int((month + s.cfg.Every - 1) / s.cfg.Every)
	switch {
	case last*perMonth > s.cfg.Monthly:
		return quotaError("a snapshot has %d resources, and one every %s would be up to %d a month, more than the %d that Config.Monthly allows: name fewer Kinds, or raise Every or Monthly",
			last, s.cfg.Every, last*perMonth, s.cfg.Monthly)
	case used+last > monthlyLimit:
		return quotaError("the snapshots of the last 7 days have %d resources, and another one of %d would exceed the %d that the service allows a tenant in a month: take fewer snapshots, also with other tools",
			used, last, monthlyLimit)
	}
	return nil
}

func quotaError(format string, args ...any) error {
	return &tenant.Error{Class: tenant.Permanent, Op: "read", Message: "no snapshot was taken: " + fmt.Sprintf(format, args...)}
}

// makeRoom deletes the client's oldest jobs where no other job could be created. It never
// deletes a job of others, nor one that runs.
func (s service) makeRoom(ctx context.Context, jobs []job) error {
	own := slices.DeleteFunc(slices.Clone(jobs), func(j job) bool { return !s.isOwn(j) || j.isRunning() && time.Since(j.Created) < stuckAfter })
	slices.SortFunc(own, func(a, b job) int { return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.ID, b.ID)) })
	over := len(jobs) - (visibleJobs - 1)
	if over > len(own) {
		return quotaError("the tenant has %d snapshot jobs, and the service allows %d; too few of them are this client's to delete: delete some", len(jobs), visibleJobs)
	}
	for i := range max(over, 0) {
		if err := s.remove(ctx, own[i].ID); err != nil {
			return err
		}
	}
	return nil
}

// finished waits until a job has ended, and returns it if it has a snapshot.
func (s service) finished(ctx context.Context, j job) (job, error) {
	for j.isRunning() {
		if err := retry.Pause(ctx, s.cfg.Poll); err != nil {
			return j, err
		}
		var err error
		if j, err = s.job(ctx, j.ID); err != nil {
			return j, err
		}
	}
	switch {
	case j.hasSnapshot():
		return j, nil
	case j.status() == failed:
		return j, &tenant.Error{Class: tenant.Permanent, Op: "read", Message: fmt.Sprintf("the snapshot job %s failed: %s (delete the job to have another snapshot before %s)",
			wire.Word(j.ID), cmp.Or(wire.Cut(strings.Join(j.Errors, "; "), maxDetails), "the service gave no reason"), until(j.Created.Add(failedRest)))}
	}
	return j, &tenant.Error{Class: tenant.Permanent, Op: "read", Message: fmt.Sprintf("the snapshot job %s has the unknown status %q", wire.Word(j.ID), wire.Word(j.Status))}
}

// maxDetails is the most bytes that are shown of the errors of a job.
const maxDetails = 500

func until(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// byKind sorts the resources of a snapshot by kind.
func byKind(j job, types []resourceType, resources []resource, every time.Duration) map[string]kindRead {
	byType := make(map[string][]resource)
	for _, r := range resources {
		name := strings.ToLower(r.Type)
		byType[name] = append(byType[name], r)
	}
	kinds := make(map[string]kindRead, len(types))
	for _, t := range types {
		read := t.read(byType[t.name])
		if j.status() == partially {
			read = read.withErrors(t, types, j, every)
		}
		kinds[t.kind] = read
	}
	return kinds
}

// read returns the objects of one type. The contents of a type with two objects of one
// name are not known.
func (t resourceType) read(resources []resource) kindRead {
	read := kindRead{result: tenant.ReadResult{Completeness: tenant.Complete}}
	seen := make(map[string]bool)
	for _, r := range resources {
		properties, err := odatajson.Parse(r.Properties)
		id := t.id(properties)
		switch {
		case err != nil:
			return failedRead("the snapshot has a resource of %s without properties", t.name)
		case id == "":
			return failedRead("the snapshot has a resource of %s without %q", t.name, t.key)
		case seen[id]:
			return failedRead("the snapshot has %s twice, as %q", t.name, wire.Word(id))
		}
		seen[id] = true
		read.objects = append(read.objects, tenant.Resource{Kind: t.kind, ID: id, Body: json.RawMessage(r.Properties)})
	}
	if t.key == "" && len(read.objects) == 0 {
		return failedRead("the snapshot lacks %s, of which every tenant has one", t.name)
	}
	return read
}

func failedRead(format string, args ...any) kindRead {
	return kindRead{result: tenant.ReadResult{Completeness: tenant.Failed, Class: tenant.Permanent, Reason: fmt.Sprintf(format, args...)}}
}

// deniedSignals are words of the errors of a job, in lower case, by which the service says
// that its service principal lacks a permission or a role.
var deniedSignals = []string{"forbidden", "access denied", "unauthorized", "insufficient privileges"}

// withErrors holds what was read of a type against the errors of a job that succeeded in
// part. An error that names none of the client's types may be about any.
func (k kindRead) withErrors(t resourceType, types []resourceType, j job, every time.Duration) kindRead {
	var about []string
	for _, message := range j.Errors {
		other := !t.namedIn(message) && slices.ContainsFunc(types, func(o resourceType) bool { return o.namedIn(message) })
		if !other {
			about = append(about, message)
		}
	}
	if len(about) == 0 && len(j.Errors) > 0 {
		return k
	}
	reason := cmp.Or(wire.Cut(strings.Join(about, "; "), maxDetails), "the service gave no reason")
	advice := fmt.Sprintf(" (delete the snapshot job %s to have another snapshot before %s)", wire.Word(j.ID), until(j.Created.Add(every)))
	if lower := strings.ToLower(reason); slices.ContainsFunc(deniedSignals, func(w string) bool { return strings.Contains(lower, w) }) {
		return kindRead{result: tenant.ReadResult{Completeness: tenant.Forbidden,
			Reason: "the service principal of Tenant Configuration Management lacks a permission or a role: " + reason + advice}}
	}
	k.result = tenant.ReadResult{Completeness: tenant.Partial, Class: tenant.Permanent, Reason: "the snapshot succeeded in part: " + reason + advice}
	if len(k.objects) == 0 {
		k.result.Completeness = tenant.Failed
	}
	return k
}
