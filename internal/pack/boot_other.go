//go:build !linux && !darwin

package pack

func bootText() string { return "" }
