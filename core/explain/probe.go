// What the answer to the request without a token says: a protected resource
// refuses with a challenge (RFC 9728 section 5.1); anything else is another
// server, another address, or no protection.
package explain

import (
	"slices"
	"strings"

	"mcp-auth/core/message"
	"mcp-auth/core/trace"
)

// Success is what came where a refusal was due, or the other way round.
const Success = "success"

// unprotected is what is odd about the answer to a request without a token.
// That a server asks for no login is known when the run is over and has found
// no metadata.
func unprotected(events []trace.Event, a message.Response) (Finding, bool) {
	status := message.Decimal(int64(a.Status))
	f := Finding{Mark: Odd, Want: "WWW-Authenticate: Bearer resource_metadata=...", Got: "no WWW-Authenticate", Cite: "RFC 9728 section 5.1"}
	if a.Status == 401 {
		f.ID = "challenge.missing"
		if fetched(a.Header) {
			f.ID, f.Got = "challenge.hidden", "no WWW-Authenticate that the page may read"
		}
		return f, a.Header.Get("WWW-Authenticate") == ""
	}
	f.Want, f.Got = "401, with "+f.Want, status
	switch {
	case a.Status >= 200 && a.Status < 300:
		f.ID = "probe.let"
		if over(events) && !discovered(events) {
			f.ID = "probe.open"
		}
		if kind := message.MediaType(a.Header.Get("Content-Type")); kind != message.JSONType && kind != "text/event-stream" {
			f.ID, f.Got = "probe.page", strings.TrimSpace(status+" "+kind)
		}
	case a.Status == 404 || a.Status == 405 || a.Status == 410:
		f.ID = "probe.absent"
	case a.Status >= 500:
		f.ID = "probe.failed"
	default:
		f.ID = "probe.other"
	}
	return f, true
}

// fetched reports whether a page has read the fields: their names are then in
// lower case, and those that the server does not expose are not there, Date
// among them.
func fetched(h message.Header) bool {
	for _, f := range h {
		if f.Name == "date" || f.Name != strings.ToLower(f.Name) {
			return false
		}
	}
	return true
}

func over(events []trace.Event) bool {
	return slices.ContainsFunc(events, func(ev trace.Event) bool { return ev.Outcome != nil })
}

// discovered reports whether any metadata was found that could be used.
func discovered(events []trace.Event) bool {
	return slices.ContainsFunc(events, func(ev trace.Event) bool { return ev.Tried != nil && ev.Tried.Outcome == "ok" })
}

// guessed reports whether a run failed that had found no metadata at all, after
// an answer that was no challenge: what the client guessed from there says
// nothing, that answer does, and its finding is made to say so. That there is
// no login is nothing wrong, and not the reason why a document was unusable.
func guessed(all []Finding, events []trace.Event, o trace.Outcome) bool {
	if o.Due || o.Kind == trace.Denied || o.Kind == trace.Lapsed || discovered(events) {
		return false
	}
	i := slices.IndexFunc(all, func(f Finding) bool { return strings.HasPrefix(f.ID, "probe.") })
	switch {
	case i < 0:
		return false
	case all[i].ID == "probe.open":
		return o.Kind != trace.Interrupted && o.Step != "discover.resource"
	}
	all[i].Mark = Wrong
	return true
}
