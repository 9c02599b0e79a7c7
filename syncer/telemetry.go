package syncer

import (
	"context"
	"errors"

	"github.com/tenantsync/tenantsync/internal/failure"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
)

const scopeName = "github.com/tenantsync/tenantsync/syncer"

// telemetry holds the OpenTelemetry instruments.
type telemetry struct {
	tracer trace.Tracer
	moves  metric.Int64Counter
	items  metric.Int64Counter
}

func newTelemetry(cfg Config) (*telemetry, error) {
	if cfg.TracerProvider == nil {
		cfg.TracerProvider = tracenoop.NewTracerProvider()
	}
	if cfg.MeterProvider == nil {
		cfg.MeterProvider = metricnoop.NewMeterProvider()
	}
	meter := cfg.MeterProvider.Meter(scopeName)
	moves, err := meter.Int64Counter("tenantsync.moves", metric.WithDescription("Changes of status, by event and new status."))
	if err != nil {
		return nil, err
	}
	items, err := meter.Int64Counter("tenantsync.items", metric.WithDescription("Plan items carried out, by verb and result."))
	if err != nil {
		return nil, err
	}
	return &telemetry{tracer: cfg.TracerProvider.Tracer(scopeName), moves: moves, items: items}, nil
}

// moved counts a change of status.
func (t *telemetry) moved(ctx context.Context, e Event) {
	t.moves.Add(ctx, 1, metric.WithAttributes(
		attribute.String("event", string(e.Cause)), attribute.String("status", string(e.To))))
}

// item counts an item's result.
func (t *telemetry) item(ctx context.Context, r ItemResult) {
	t.items.Add(ctx, 1, metric.WithAttributes(
		attribute.String("verb", string(r.Verb)), attribute.String("result", string(r.Status))))
}

// phase runs f within a span.
func (t *telemetry) phase(ctx context.Context, tenantName, run string, p Phase, f func(context.Context) error) error {
	ctx, span := t.tracer.Start(ctx, "tenantsync."+string(p), trace.WithAttributes(
		attribute.String("tenantsync.tenant", tenantName), attribute.String("tenantsync.run", run)))
	defer span.End()
	err := f(ctx)
	if err != nil && !errors.Is(err, failure.ErrInterrupted) { // an interruption is somebody's wish, or a sign-in
		span.SetStatus(codes.Error, cut(err.Error(), maxText))
	}
	return err
}
