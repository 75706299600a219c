// What it costs to write a long trace.
package trace

import (
	"testing"
	"time"
)

// BenchmarkLog is a run that gets 10,000 events: what one more costs must not
// grow with those before it.
func BenchmarkLog(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		var l Log
		for range 10_000 {
			l.Add(time.Time{}, Event{Note: "a callback with another state"})
		}
	}
}
