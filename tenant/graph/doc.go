// Package graph reads and writes Microsoft 365 tenants through Microsoft Graph.
package graph
