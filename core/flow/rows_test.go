package flow

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mcp-auth/web/golden"
)

// A table is one machine's rows without its type.
type table struct {
	name string
	rows []Row[struct{}]
}

func bareRows[F any](name string, rows []Row[F]) table {
	t := table{name: name}
	for _, r := range rows {
		t.rows = append(t.rows, Row[struct{}]{From: r.From, On: r.On, To: r.To, Ruled: r.Ruled})
	}
	return t
}

func tables() []table {
	return []table{bareRows("discover", DiscoverRows), bareRows("authcode", AuthCodeRows), bareRows("device", DeviceRows),
		bareRows("clientcreds", ClientCredsRows), bareRows("workload", WorkloadRows), bareRows("enterprise", EnterpriseRows), bareRows("bearer", BearerRows), bareRows("renew", RenewRows), bareRows("revoke", RevokeRows), bareRows("call", CallRows)}
}

// TestTables: one row for a state and event, everything reachable from Idle,
// no way out of an end, and always a way to one.
func TestTables(t *testing.T) {
	for _, tab := range tables() {
		seen := map[string]bool{}
		reached := map[State]bool{Idle: true}
		for range tab.rows { // as often as the longest path
			for _, r := range tab.rows {
				if reached[r.From] {
					for _, to := range r.To {
						reached[to] = true
					}
				}
			}
		}
		for _, r := range tab.rows {
			key := string(r.From) + " " + string(r.On)
			if seen[key] {
				t.Errorf("%s: two rows for %s", tab.name, key)
			}
			seen[key] = true
			if !reached[r.From] {
				t.Errorf("%s: %s cannot be reached", tab.name, r.From)
			}
			if r.From == Finished || r.From == Failed {
				t.Errorf("%s: a way out of %s", tab.name, r.From)
			}
		}
		if !reached[Finished] || !reached[Failed] {
			t.Errorf("%s: an end cannot be reached", tab.name)
		}
		for state := range reached {
			if state != Finished && state != Failed && !slices.ContainsFunc(tab.rows, func(r Row[struct{}]) bool { return r.From == state }) {
				t.Errorf("%s: no way out of %s", tab.name, state)
			}
		}
	}
}

// TestDiagrams: a row that goes or changes shows.
func TestDiagrams(t *testing.T) {
	for _, tab := range tables() {
		var b strings.Builder
		for _, r := range tab.rows {
			var to []string
			for _, s := range r.To {
				if !slices.Contains(to, string(s)) {
					to = append(to, string(s))
				}
			}
			fmt.Fprintf(&b, "%-16s on %-8s -> %-60s %s\n", r.From, r.On, strings.Join(to, ", "), r.Ruled)
		}
		golden.Hold(t, tab.name+".txt", b.String())
	}
}
