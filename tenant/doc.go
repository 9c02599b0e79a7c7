// Package tenant holds the contracts by which a Microsoft 365 tenant and the
// repository of its configuration are reached.
package tenant
