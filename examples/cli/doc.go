// Command cli keeps Microsoft 365 tenants in step with configuration kept as
// code: a tool for real tenants, and an example of a host of package syncer. In
// what follows it is called tenantsync:
//
//	go build -o tenantsync ./examples/cli
//
// To try it without a network or a tenant:
//
//	tenantsync init -demo
//	tenantsync tenants add contoso
//	tenantsync sync contoso
//
// tenantsync -h lists commands, settings and exit statuses.
package main
