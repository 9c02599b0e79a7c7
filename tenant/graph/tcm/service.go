package tcm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/wire"
)

// The addresses, below the endpoint:
//
//	https://learn.microsoft.com/graph/api/configurationbaseline-createsnapshot
//	https://learn.microsoft.com/graph/api/configurationmanagement-list-configurationsnapshotjobs
//	https://learn.microsoft.com/graph/api/configurationsnapshotjob-get
//	https://learn.microsoft.com/graph/api/configurationsnapshotjob-delete
//
// Some properties come only when $select names them:
// https://learn.microsoft.com/graph/api/resources/configurationsnapshotjob
const (
	root      = "/v1.0/admin/configurationManagement"
	createURL = root + "/configurationSnapshots/createSnapshot"
	jobsURL   = root + "/configurationSnapshotJobs"
	jobFields = "?$select=id,displayName,status,createdDateTime,resources,resourceLocation,errorDetails"
)

// The statuses of a job, in lower case. The service's texts differ in case by page.
const (
	notStarted = "notstarted"
	running    = "running"
	succeeded  = "succeeded"
	partially  = "partiallysuccessful"
	failed     = "failed"
)

// job is a configurationSnapshotJob.
type job struct {
	ID       string    `json:"id"`
	Name     string    `json:"displayName"`
	Status   string    `json:"status"`
	Created  time.Time `json:"createdDateTime"`
	Types    []string  `json:"resources"`
	Location string    `json:"resourceLocation"`
	Errors   []string  `json:"errorDetails"`
}

func (j job) status() string { return strings.ToLower(j.Status) }

// isRunning reports whether the job has not ended.
func (j job) isRunning() bool { return j.status() == notStarted || j.status() == running }

// hasSnapshot reports whether the job has ended with something to read.
func (j job) hasSnapshot() bool { return j.status() == succeeded || j.status() == partially }

// resource is one resource of a snapshot:
// https://learn.microsoft.com/graph/api/resources/baselineresource
type resource struct {
	Type       string          `json:"resourceType"`
	Properties json.RawMessage `json:"properties"`
}

// service sends the requests. Safe for concurrent use.
type service struct {
	cfg    *Config
	sender wire.Sender
}

const (
	attempts   = 5
	firstPause = 2 * time.Second
)

// call sends a request. A read and a delete are repeated while the service refuses them
// for a time: a repeated delete finds nothing. A create is sent once. The error is a
// *tenant.Error, or the context's.
func (s service) call(ctx context.Context, method, address string, body []byte) (wire.Answer, error) {
	for n := 1; ; n++ {
		a, err := s.once(ctx, method, address, body)
		failure, ok := errors.AsType[*tenant.Error](err)
		if !ok || n == attempts || method == http.MethodPost || ctx.Err() != nil ||
			failure.Class != tenant.Throttled && failure.Class != tenant.Transient {
			return a, err
		}
		wait := failure.RetryAfter
		if wait <= 0 {
			wait = retry.Backoff(n, firstPause, wire.MaxPause)
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
			failure.Message += fmt.Sprintf(" (the service asks for a pause of %s, and less is left of the time that Config.Wait allows; sync again after it)", wait.Round(time.Second))
			return a, failure
		}
		s.cfg.Logger.Info("the service refuses a request for a snapshot; waiting", "class", failure.Class, "wait", wait, "request", failure.RequestID)
		if err := retry.Pause(ctx, wait); err != nil {
			return a, err
		}
	}
}

// once sends a request once.
func (s service) once(ctx context.Context, method, address string, body []byte) (wire.Answer, error) {
	call, stop := context.WithTimeout(ctx, s.cfg.RequestTimeout)
	defer stop()
	about := wire.Subject{Op: "read"}
	a, err := s.sender.Send(call, wire.Request{Method: method, URL: s.cfg.Endpoint + address, Body: body})
	if err != nil {
		if cause := wire.Ended(ctx); cause != nil {
			return a, cause
		}
		return a, wire.Unanswered(err, a, about, method == http.MethodPost)
	}
	if refused := a.Refusal(about); refused != nil {
		if refused.Class == tenant.AccessDenied {
			refused.Missing = []string{permission}
		}
		// A server that fails may have created the job.
		refused.MaybeApplied = method == http.MethodPost && a.Status >= 500
		return a, refused
	}
	return a, nil
}

// malformed is the error of an answer of another form.
func malformed(a wire.Answer, err error) error {
	return &tenant.Error{Class: tenant.Transient, Op: "read", RequestID: a.RequestID, Message: "the answer is not what it should be", Err: err}
}

// maxPages bounds the list of at most 12 jobs.
const maxPages = 20

// jobs lists the visible jobs.
func (s service) jobs(ctx context.Context) ([]job, error) {
	var all []job
	address := jobsURL + jobFields
	for range maxPages {
		a, err := s.call(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, err
		}
		page, err := odatajson.DecodePage(a.Body)
		if err != nil {
			return nil, malformed(a, err)
		}
		for _, raw := range page.Value {
			var j job
			if err := odatajson.Decode(raw, &j); err != nil {
				return nil, malformed(a, err)
			}
			all = append(all, j)
		}
		if page.Next == "" {
			return all, nil
		}
		if address, err = s.below(page.Next); err != nil {
			return nil, malformed(a, err)
		}
	}
	return nil, &tenant.Error{Class: tenant.Permanent, Op: "read", Message: fmt.Sprintf("the list of snapshot jobs has more than %d pages", maxPages)}
}

// job reads one job.
func (s service) job(ctx context.Context, id string) (job, error) {
	var j job
	segment, err := odatajson.Segment(id)
	if err != nil {
		return j, &tenant.Error{Class: tenant.Permanent, Op: "read", Message: "a snapshot job has an id that is none", Err: err}
	}
	a, err := s.call(ctx, http.MethodGet, jobsURL+"/"+segment+jobFields, nil)
	if err != nil {
		return j, err
	}
	if err := odatajson.Decode(a.Body, &j); err != nil {
		return j, malformed(a, err)
	}
	if j.ID != id || j.Status == "" {
		return j, malformed(a, fmt.Errorf("it is not the job %s", wire.Word(id)))
	}
	return j, nil
}

// create has the service take a snapshot.
func (s service) create(ctx context.Context, name string, types []resourceType) (job, error) {
	var j job
	body := struct {
		Name  string   `json:"displayName"`
		About string   `json:"description"`
		Types []string `json:"resources"`
	}{name, "Backup and drift report", nil}
	for _, t := range types {
		body.Types = append(body.Types, t.name)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return j, err
	}
	a, err := s.call(ctx, http.MethodPost, createURL, raw)
	if err != nil {
		return j, err
	}
	if err := odatajson.Decode(a.Body, &j); err != nil || j.ID == "" {
		e := malformed(a, err).(*tenant.Error)
		e.MaybeApplied = true
		return j, e
	}
	return j, nil
}

// remove deletes a job. One that is gone is no error.
func (s service) remove(ctx context.Context, id string) error {
	segment, err := odatajson.Segment(id)
	if err != nil {
		return err
	}
	_, err = s.call(ctx, http.MethodDelete, jobsURL+"/"+segment, nil)
	if tenant.ClassOf(err) == tenant.NotFound {
		return nil
	}
	return err
}

// snapshot reads the resources of a job.
func (s service) snapshot(ctx context.Context, j job) ([]resource, error) {
	address, err := s.below(j.Location)
	if err != nil {
		return nil, &tenant.Error{Class: tenant.Permanent, Op: "read", Message: "the snapshot is not read", Err: err}
	}
	a, err := s.call(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	var whole struct {
		Resources *[]resource `json:"resources"`
		Next      string      `json:"resources@odata.nextLink"`
	}
	if err := odatajson.Decode(a.Body, &whole); err != nil {
		return nil, malformed(a, err)
	}
	if whole.Resources == nil || whole.Next != "" {
		return nil, malformed(a, errors.New("the snapshot has no whole list of resources"))
	}
	return *whole.Resources, nil
}

// below returns the part of an address that follows the endpoint. An address of another
// host would get the token.
func (s service) below(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || !strings.HasPrefix(address, s.cfg.Endpoint+"/") || strings.Contains(u.Path, "..") {
		return "", fmt.Errorf("the address %q is not one of %s", wire.Word(address), s.cfg.Endpoint)
	}
	return strings.TrimPrefix(address, s.cfg.Endpoint), nil
}
