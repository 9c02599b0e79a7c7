package syncer_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/internal/secretsearch"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/statetest"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// sensitive are kinds whose groups hold a secret that can be read.
func sensitive() []tenant.Kind {
	kinds := syncertest.Kinds()
	kinds[0].Sensitive = []string{"/password"}
	return kinds
}

// Nothing secret leaves the engine, whatever happens in a run: no token, device
// code or key, no secret of the configuration, no key of hashes. A user code is only in
// the record, and where that is shown, and only while it is to be entered.
func TestNoSecretIsStored(t *testing.T) {
	for _, story := range watchedStories {
		for name, signs := range map[string]func() signing{
			"fake":  func() signing { return new(fakeSigning) },
			"entra": func() signing { return newEntraSigning() },
		} {
			t.Run(story.name+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWatchedWorld(signs())
					story.run(t, w)
					w.wantNoSecrets(t)
				})
			})
		}
	}
}

// The search above would find something if it were there. First, what is no
// secret and goes everywhere: a name, a comment and an actor are seen in all
// channels through which a run speaks.
func TestSecretsWouldBeSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatchedWorld(newEntraSigning())
		p := w.worker(syncertest.Approves("bob"))
		w.signs.expect(authtest.SignsIn(time.Second))
		const marker = "marker-<\"'&\\é/+?=%~>-end"
		fails := body("displayName", marker, "description", marker)
		desire(t, w.Harness, "contoso", "groups", marker, fails)
		w.Tenant("contoso").FailWrite(func(op tenant.Operation) tenanttest.WriteFault {
			return tenanttest.WriteFault{Err: &tenant.Error{Class: tenant.Invalid, Message: "it says " + string(op.After)}}
		})
		row, err := w.row(p.Sync(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: marker, Options: syncer.Options{Interactive: true, Comment: marker}}))
		if err != nil || row.Outcome != syncer.FailedWith {
			t.Fatalf("got %q, %v, want a failure", row.Outcome, err)
		}
		w.look(t, p)
		w.Tenant("contoso").FailWrite(nil)
		w.Tenant("contoso").Seed("groups", body("displayName", "Adopted", "description", marker))
		w.sync(t, p, syncer.Deployed, syncer.Options{})
		_, err = p.Start(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: syncer.Options{Mode: syncer.Mode(marker)}})
		w.seen.AddError(chError, err)

		found := map[string]bool{}
		for _, f := range secretsearch.Search(w.seen.All(), []string{marker}) {
			found[f.Channel] = true
		}
		for _, channel := range []string{chRecord, chShownRecord, chEntry, chBlob, chBase, chRepository, chMessage, chLog, chEvent, chReview, chError,
			chRow, chPlan, chReport, chCopyError, chHistory, chRunLog, chArtifacts} {
			if !found[channel] {
				t.Errorf("the marker was not seen in %s", channel)
			}
		}
		// The user code is where it is shown, while it is.
		for _, f := range secretsearch.Search(w.seen.All(), w.signs.codes()) {
			found["code in "+f.Channel] = true
		}
		for _, channel := range []string{chShownRecord, chShownEvent} {
			if !found["code in "+channel] {
				t.Errorf("the user code was not seen in %s", channel)
			}
		}
		w.wantAllPlanted(t)
	})
}

// wantAllPlanted plants each secret of the run once into each channel, as what
// is watched would put it there, and wants each seen.
func (w *watchedWorld) wantAllPlanted(t *testing.T) {
	t.Helper()
	secrets := slices.Concat(w.signs.secrets(), w.signs.codes(), w.hashKeys(), w.secrets, []string{w.secret("planted")})
	if len(secrets) < 8 {
		t.Errorf("got %d secrets, want tokens, device codes, and keys among them", len(secrets))
	}
	planted := newWatchedWorld(new(fakeSigning))
	for _, secret := range secrets {
		planted.plant(t, secret)
	}
	found := map[string]bool{}
	for _, f := range secretsearch.Search(planted.seen.All(), secrets) {
		found[f.Channel+f.Secret] = true
	}
	channels := []string{chRecord, chShownRecord, chEntry, chBlob, chBase, chCache, chRepository, chMessage, chLog, chEvent, chShownEvent, chSpan,
		chMetric, chReview, chError, chRow, chShownRow, chPlan, chReport, chCopyError, chHistory, chRunLog, chArtifacts}
	for _, channel := range channels {
		for _, secret := range secrets {
			if !found[channel+secret] {
				t.Errorf("%q was planted in %s and not found", secret, channel)
			}
		}
	}
	for _, channel := range w.seen.Names() { // none that is not planted
		if !slices.Contains(channels, channel) {
			t.Errorf("something has gone through %s, where nothing was planted", channel)
		}
	}
}

// plant puts a secret into each channel.
func (w *watchedWorld) plant(t *testing.T, secret string) {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	w.workers++
	name := fmt.Sprintf("planted-%d", w.workers)
	text := strings.ToValidUTF8(secret, "") // what JSON can hold; a key's bytes are found in other forms
	if text != secret {
		text = base64.StdEncoding.EncodeToString([]byte(secret))
	}
	data := json.RawMessage(body("a", text))
	_, err := watchedStore{w.Store, &w.seen}.Commit(ctx, state.CommitRequest{
		Record: state.Record{Tenant: name, Data: data}, Entries: []state.Entry{{Type: "plant", Data: data}}})
	must(err)
	_, err = watchedStore{w.Store, &w.seen}.Commit(ctx, state.CommitRequest{Record: state.Record{Tenant: name + "b", Data: data}, Events: statetest.Path(state.NotRun, state.PendingAuthentication)})
	must(err)
	for _, kind := range []string{"log", "base"} {
		_, err = watchedBlobs{w.Store, &w.seen}.Put(ctx, state.PutRequest{Tenant: name, Kind: kind, Data: data})
		must(err)
	}
	_, err = watchedCache{new(auth.MemoryCacheStore), &w.seen}.Save(ctx, auth.CacheKey{Tenant: name}, auth.Cache{Sealed: []byte(secret)})
	must(err)
	line, err := w.Repository.Desired(ctx, tenant.DesiredRequest{Tenant: name})
	must(err)
	_, err = watchedRepository{Repository: w.Repository, seen: &w.seen}.Update(ctx, tenant.UpdateRequest{Tenant: name, Parent: line.Revision, Key: "k",
		Message: text, Changes: []tenant.Change{{Kind: "groups", Key: "a", Body: data}}})
	must(err)
	watchedLogger(&w.seen).Debug("planted", "error", fmt.Errorf("outer: %w", errors.New(text)))
	observer := watchedObserver{&w.seen}
	observer.Observe(ctx, syncer.Event{Type: syncer.ItemDone, Item: &syncer.ItemResult{Message: text}})
	observer.Observe(ctx, syncer.Event{Type: syncer.PromptShown, Reason: text})
	_, span := watchedTracing{seen: &w.seen}.Tracer("").Start(ctx, "planted")
	span.SetStatus(codes.Error, text)
	counter, err := watchedMetering{seen: &w.seen}.Meter("").Int64Counter("planted")
	must(err)
	counter.Add(ctx, 1, metric.WithAttributes(attribute.String("a", text)))
	_, err = watchedApprover{syncertest.Passes(), &w.seen}.Review(ctx, syncer.Review{Plan: &plan.Plan{Items: []plan.Item{{After: data}}}, Comment: text})
	must(err)
	_, _ = w.row(syncer.Row{Reason: text}, &tenant.Error{Err: errors.New(text)})
	_, _ = w.row(syncer.Row{Status: state.PendingAuthentication, Error: &syncer.ErrorInfo{Message: text}}, nil)
	for _, channel := range []string{chPlan, chReport, chCopyError, chHistory, chRunLog} {
		w.seen.Add(channel, data)
	}
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	f, err := z.Create("a.json")
	must(err)
	_, err = f.Write(data)
	must(err)
	must(z.Close())
	must(w.seen.AddZip(chArtifacts, archive.Bytes()))
}
