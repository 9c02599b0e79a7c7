// Package syncer is the engine.
package syncer
