// Package tenantsync keeps Microsoft 365 tenants in step with configuration
// kept as code.
package tenantsync
