// Package diff compares what a tenant's configuration was, should be and is,
// and makes a [plan.Plan] from the differences.
package diff
