module github.com/tenantsync/tenantsync/examples

go 1.26.0

require github.com/tenantsync/tenantsync v0.0.0

replace github.com/tenantsync/tenantsync => ../
