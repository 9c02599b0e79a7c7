// Package auth holds the contracts by which the engine gets credentials.
package auth
