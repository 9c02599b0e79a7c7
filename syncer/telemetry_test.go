package syncer_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	metricembedded "go.opentelemetry.io/otel/metric/embedded"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
	traceembedded "go.opentelemetry.io/otel/trace/embedded"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// spans is a tracer provider that keeps the spans that have ended.
type spans struct {
	traceembedded.TracerProvider

	mu    sync.Mutex
	ended []*span
}

type span struct {
	trace.Span
	in    *spans
	name  string
	attrs []attribute.KeyValue
	code  codes.Code
}

func (s *spans) Tracer(string, ...trace.TracerOption) trace.Tracer { return tracer{in: s} }

type tracer struct {
	traceembedded.Tracer
	in *spans
}

func (t tracer) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	conf := trace.NewSpanStartConfig(opts...)
	return ctx, &span{Span: tracenoop.Span{}, in: t.in, name: name, attrs: conf.Attributes()}
}

func (s *span) SetStatus(code codes.Code, _ string) { s.code = code }

func (s *span) End(...trace.SpanEndOption) {
	s.in.mu.Lock()
	defer s.in.mu.Unlock()
	s.in.ended = append(s.in.ended, s)
}

// names are the names of the spans, a failed one with "!".
func (s *spans) names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, sp := range s.ended {
		name := sp.name
		if sp.code == codes.Error {
			name += "!"
		}
		out = append(out, name)
	}
	return out
}

// meters is a meter provider that counts.
type meters struct {
	metricembedded.MeterProvider

	mu     sync.Mutex
	counts map[string]int64
	fail   error
}

func (m *meters) Meter(string, ...metric.MeterOption) metric.Meter {
	return meter{Meter: metricnoop.Meter{}, in: m}
}

type meter struct {
	metric.Meter
	in *meters
}

func (m meter) Int64Counter(name string, _ ...metric.Int64CounterOption) (metric.Int64Counter, error) {
	return counter{in: m.in, name: name}, m.in.fail
}

type counter struct {
	metricnoop.Int64Counter
	in   *meters
	name string
}

func (c counter) Add(_ context.Context, n int64, opts ...metric.AddOption) {
	set := metric.NewAddConfig(opts).Attributes()
	var parts []string
	for _, a := range set.ToSlice() {
		parts = append(parts, string(a.Key)+"="+a.Value.AsString())
	}
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	c.in.counts[c.name+" "+strings.Join(parts, " ")] += n
}

// A run's phases are spans, its moves and items are counted.
func TestTelemetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tracing, counting := &spans{}, &meters{counts: map[string]int64{}}
		h := syncertest.New(syncertest.Config{})
		w := h.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("bob"), Edit: func(c *syncer.Config) {
			c.TracerProvider, c.MeterProvider = tracing, counting
		}})
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
		desire(t, h, "contoso", "groups", "Guests", `{"displayName":"Guests"}`)
		h.Tenant("contoso").FailNextWrites(1, tenant.Invalid)
		syncTenant(t, w, "contoso")
		want := []string{"tenantsync.connect", "tenantsync.consent", "tenantsync.backup", "tenantsync.plan", "tenantsync.approve",
			"tenantsync.deploy", "tenantsync.verify", "tenantsync.report"}
		if diff := cmp.Diff(want, tracing.names()); diff != "" {
			t.Errorf("spans (-want +got):\n%s", diff)
		}
		for _, s := range tracing.ended {
			if !slices.Contains(s.attrs, attribute.String("tenantsync.tenant", "contoso")) || !slices.Contains(s.attrs, attribute.String("tenantsync.run", "run-1")) {
				t.Errorf("%s: got attributes %v, want tenant and run", s.name, s.attrs)
			}
		}
		wantCounts := map[string]int64{
			"tenantsync.moves event=start status=starting":                         1,
			"tenantsync.moves event=begin status=in_progress":                      1,
			"tenantsync.moves event=require_approval status=pending_approval":      1,
			"tenantsync.moves event=approve status=in_progress":                    1,
			"tenantsync.moves event=succeed_partially status=partially_successful": 1,
			"tenantsync.items result=applied verb=create":                          1,
			"tenantsync.items result=failed verb=create":                           1,
		}
		if diff := cmp.Diff(wantCounts, counting.counts); diff != "" {
			t.Errorf("counts (-want +got):\n%s", diff)
		}
	})
}

// A phase that fails is a failed span; one that is interrupted is not.
func TestFailedSpans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tracing := &spans{}
		h := syncertest.New(syncertest.Config{Auth: &authtest.AuthenticatorConfig{People: []authtest.Person{authtest.SignsIn(time.Minute)}}})
		w := h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) { c.TracerProvider = tracing }})
		syncTenant(t, w, "contoso") // unattended: nobody is asked to sign in
		want := []string{"tenantsync.connect!", "tenantsync.report"}
		if diff := cmp.Diff(want, tracing.names()); diff != "" {
			t.Errorf("spans (-want +got):\n%s", diff)
		}
		if _, err := w.Sync(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: syncer.Options{Interactive: true}}); err != nil {
			t.Fatal(err)
		}
		// The first one ends with the sign-in, and begins anew with credentials.
		want = append(want, "tenantsync.connect", "tenantsync.connect", "tenantsync.consent", "tenantsync.backup", "tenantsync.plan", "tenantsync.report")
		if diff := cmp.Diff(want, tracing.names()); diff != "" {
			t.Errorf("spans (-want +got):\n%s", diff)
		}
	})
}

func TestMeterRefuses(t *testing.T) {
	broken := errors.New("no such instrument")
	h := syncertest.New(syncertest.Config{})
	_, err := syncer.New(syncer.Config{
		Store: h.Store, Repository: h.Repository, Authenticator: h.Auth,
		Connector:     syncer.ConnectorFunc(nil),
		MeterProvider: &meters{fail: broken},
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}
