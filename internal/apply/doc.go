// Package apply turns an item of a plan into the operation that carries it out,
// and tells of an object whether an item has been carried out.
package apply
