package telemetry_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/tenantsync/tenantsync/internal/bounds"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/telemetry"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// recorder writes down what the instruments are told.
type recorder struct {
	tracenoop.TracerProvider
	lines   []string
	refuses string // the name of a counter that it does not make
}

var errRefused = errors.New("no such instrument")

func (r *recorder) add(format string, args ...any) {
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

func (r *recorder) Tracer(name string, _ ...trace.TracerOption) trace.Tracer {
	r.add("tracer %s", name)
	return tracer{in: r}
}

type tracer struct {
	tracenoop.Tracer
	in *recorder
}

func (t tracer) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	conf := trace.NewSpanStartConfig(opts...)
	for _, a := range conf.Attributes() {
		name += fmt.Sprintf(" %s=%s", a.Key, a.Value.AsString())
	}
	t.in.add("start %s", name)
	return context.WithValue(ctx, spanKey{}, true), span{in: t.in}
}

type spanKey struct{}

type span struct {
	tracenoop.Span
	in *recorder
}

func (s span) SetStatus(code codes.Code, text string) { s.in.add("%s %s", code, text) }
func (s span) End(...trace.SpanEndOption)             { s.in.add("end") }

// meters is the recorder's provider of counters.
type meters struct {
	metricnoop.MeterProvider
	in *recorder
}

func (m meters) Meter(name string, _ ...metric.MeterOption) metric.Meter {
	m.in.add("meter %s", name)
	return meter{in: m.in}
}

type meter struct {
	metricnoop.Meter
	in *recorder
}

func (m meter) Int64Counter(name string, _ ...metric.Int64CounterOption) (metric.Int64Counter, error) {
	if name == m.in.refuses {
		return nil, errRefused
	}
	return counter{in: m.in, name: name}, nil
}

type counter struct {
	metricnoop.Int64Counter
	in   *recorder
	name string
}

func (c counter) Add(_ context.Context, n int64, opts ...metric.AddOption) {
	set := metric.NewAddConfig(opts).Attributes()
	text := fmt.Sprintf("%s +%d", c.name, n)
	for _, a := range set.ToSlice() {
		text += fmt.Sprintf(" %s=%s", a.Key, a.Value.AsString())
	}
	c.in.add("%s", text)
}

func TestTelemetry(t *testing.T) {
	const scope = "github.com/tenantsync/tenantsync/syncer"
	long := strings.Repeat("é", bounds.MaxText)
	r := &recorder{}
	tel, err := telemetry.New(r, meters{in: r})
	if err != nil {
		t.Fatal(err)
	}
	tel.Moved(t.Context(), state.Begin, state.InProgress)
	tel.Item(t.Context(), tenant.Create, "applied")
	for _, fails := range []error{nil, errRefused, fmt.Errorf("backup: %w", failure.ErrInterrupted), errors.New(long)} {
		got := tel.Phase(t.Context(), "contoso", "run-1", "backup", func(ctx context.Context) error {
			if ctx.Value(spanKey{}) == nil {
				t.Error("the phase does not run within its span")
			}
			return fails
		})
		if got != fails {
			t.Errorf("got %v, want the error of the phase, %v", got, fails)
		}
	}
	start := "start tenantsync.backup tenantsync.tenant=contoso tenantsync.run=run-1"
	want := []string{
		"meter " + scope, "tracer " + scope,
		"tenantsync.moves +1 event=begin status=in_progress",
		"tenantsync.items +1 result=applied verb=create",
		start, "end",
		start, "Error no such instrument", "end",
		start, "end", // an interruption is no error
		start, "Error " + bounds.Cut(long, bounds.MaxText), "end",
	}
	if d := cmp.Diff(want, r.lines); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if cut := r.lines[len(r.lines)-2]; len(cut) >= len(long) || !utf8.ValidString(cut) {
		t.Errorf("the text of a long error has %d bytes", len(cut))
	}
}

// Providers that are nil do nothing.
func TestWithoutProviders(t *testing.T) {
	tel, err := telemetry.New(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	tel.Moved(t.Context(), state.Begin, state.InProgress)
	tel.Item(t.Context(), tenant.Create, "applied")
	if err := tel.Phase(t.Context(), "contoso", "run-1", "backup", func(context.Context) error { return errRefused }); err != errRefused {
		t.Errorf("got %v", err)
	}
}

func TestCountersThatAreRefused(t *testing.T) {
	for _, name := range []string{"tenantsync.moves", "tenantsync.items"} {
		r := &recorder{refuses: name}
		if tel, err := telemetry.New(nil, meters{in: r}); err != errRefused || tel != nil {
			t.Errorf("%s: got %v, %v", name, tel, err)
		}
	}
}
