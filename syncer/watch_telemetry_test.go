package syncer_test

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	metricembedded "go.opentelemetry.io/otel/metric/embedded"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
	traceembedded "go.opentelemetry.io/otel/trace/embedded"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/tenantsync/tenantsync/internal/secretsearch"
)

// watchedTracing shows all that is said of spans: names, attributes, events,
// recorded errors, and the descriptions of statuses.
type watchedTracing struct {
	traceembedded.TracerProvider
	seen *secretsearch.Channels
}

func (w watchedTracing) Tracer(string, ...trace.TracerOption) trace.Tracer {
	return watchedTracer{seen: w.seen}
}

type watchedTracer struct {
	traceembedded.Tracer
	seen *secretsearch.Channels
}

func (w watchedTracer) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	conf := trace.NewSpanStartConfig(opts...)
	s := watchedSpan{Span: tracenoop.Span{}, seen: w.seen}
	s.SetName(name)
	s.SetAttributes(conf.Attributes()...)
	return ctx, s
}

type watchedSpan struct {
	trace.Span
	seen *secretsearch.Channels
}

func (s watchedSpan) SetName(name string) { s.seen.Add(chSpan, []byte(name)) }

func (s watchedSpan) SetStatus(_ codes.Code, description string) {
	s.seen.Add(chSpan, []byte(description))
}

func (s watchedSpan) SetAttributes(attrs ...attribute.KeyValue) {
	for _, a := range attrs {
		s.seen.Add(chSpan, fmt.Appendf(nil, "%s=%s", a.Key, a.Value.String()))
	}
}

func (s watchedSpan) AddEvent(name string, opts ...trace.EventOption) {
	s.seen.Add(chSpan, []byte(name))
	conf := trace.NewEventConfig(opts...)
	s.SetAttributes(conf.Attributes()...)
}

func (s watchedSpan) RecordError(err error, opts ...trace.EventOption) {
	s.seen.AddError(chSpan, err)
	conf := trace.NewEventConfig(opts...)
	s.SetAttributes(conf.Attributes()...)
}

// watchedMetering shows the names and attributes of what is counted.
type watchedMetering struct {
	metricembedded.MeterProvider
	seen *secretsearch.Channels
}

func (w watchedMetering) Meter(string, ...metric.MeterOption) metric.Meter {
	return watchedMeter{Meter: metricnoop.Meter{}, seen: w.seen}
}

type watchedMeter struct {
	metric.Meter
	seen *secretsearch.Channels
}

func (w watchedMeter) Int64Counter(name string, _ ...metric.Int64CounterOption) (metric.Int64Counter, error) {
	return watchedCounter{name: name, seen: w.seen}, nil
}

type watchedCounter struct {
	metricnoop.Int64Counter
	name string
	seen *secretsearch.Channels
}

func (w watchedCounter) Add(_ context.Context, _ int64, opts ...metric.AddOption) {
	set := metric.NewAddConfig(opts).Attributes()
	w.seen.Add(chMetric, []byte(w.name))
	for _, a := range set.ToSlice() {
		w.seen.Add(chMetric, fmt.Appendf(nil, "%s=%s", a.Key, a.Value.String()))
	}
}
