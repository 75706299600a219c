//go:build race

package flow

// raced: a walk has one goroutine, so that the race detector finds nothing in
// it and takes five times as long.
const raced = true
