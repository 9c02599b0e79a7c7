// Package telemetry counts moves and items, and times phases, with OpenTelemetry.
package telemetry

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/tenantsync/tenantsync/internal/bounds"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

const scopeName = "github.com/tenantsync/tenantsync/syncer"

// Telemetry holds the OpenTelemetry instruments.
type Telemetry struct {
	tracer trace.Tracer
	moves  metric.Int64Counter
	items  metric.Int64Counter
}

// New makes the instruments. A nil provider stands for one that does nothing.
func New(traces trace.TracerProvider, meters metric.MeterProvider) (*Telemetry, error) {
	if traces == nil {
		traces = tracenoop.NewTracerProvider()
	}
	if meters == nil {
		meters = metricnoop.NewMeterProvider()
	}
	meter := meters.Meter(scopeName)
	moves, err := meter.Int64Counter("tenantsync.moves", metric.WithDescription("Changes of status, by event and new status."))
	if err != nil {
		return nil, err
	}
	items, err := meter.Int64Counter("tenantsync.items", metric.WithDescription("Plan items carried out, by verb and result."))
	if err != nil {
		return nil, err
	}
	return &Telemetry{tracer: traces.Tracer(scopeName), moves: moves, items: items}, nil
}

// Moved counts a change of status.
func (t *Telemetry) Moved(ctx context.Context, event state.Event, to state.Status) {
	t.moves.Add(ctx, 1, metric.WithAttributes(
		attribute.String("event", string(event)), attribute.String("status", string(to))))
}

// Item counts an item's result.
func (t *Telemetry) Item(ctx context.Context, verb tenant.Verb, result string) {
	t.items.Add(ctx, 1, metric.WithAttributes(
		attribute.String("verb", string(verb)), attribute.String("result", result)))
}

// Phase runs f within a span.
func (t *Telemetry) Phase(ctx context.Context, tenantName, run, phase string, f func(context.Context) error) error {
	ctx, span := t.tracer.Start(ctx, "tenantsync."+phase, trace.WithAttributes(
		attribute.String("tenantsync.tenant", tenantName), attribute.String("tenantsync.run", run)))
	defer span.End()
	err := f(ctx)
	if err != nil && !errors.Is(err, failure.ErrInterrupted) { // an interruption is somebody's wish, or a sign-in
		span.SetStatus(codes.Error, bounds.Cut(err.Error(), bounds.MaxText))
	}
	return err
}
