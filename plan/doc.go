// Package plan compares what a tenant's configuration was, should be and is,
// and works out what to propose.
package plan
