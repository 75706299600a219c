// What the answer to the request without a token says: a protected resource
// refuses with a challenge (RFC 9728 section 5.1); anything else is another
// server, another address, or no protection.
package explain

import (
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
	f.ID, f.Want, f.Got = "probe.other", "401, with "+f.Want, status
	if a.Status >= 200 && a.Status < 300 {
		f.ID = "probe.let"
		if ended, found := course(events); ended && !found {
			f.ID = "probe.open"
		}
		if kind := message.MediaType(a.Header.Get("Content-Type")); kind != message.JSONType && kind != "text/event-stream" {
			f.ID, f.Got = "probe.page", strings.TrimSpace(status+" "+kind)
		}
	}
	return f, true
}

// fetched reports whether a page has read the fields: their names are then in
// lower case, and those that the server does not expose are not there, Date
// among them.
func fetched(h message.Header) bool {
	for i := range h {
		if name := h[i].Name; name == "date" || name != strings.ToLower(name) {
			return false
		}
	}
	return true
}

// course says whether a run has ended, and whether it has found any metadata
// that could be used.
func course(events []trace.Event) (ended, found bool) {
	for i := range events {
		ended = ended || events[i].Outcome != nil
		found = found || events[i].Tried != nil && events[i].Tried.Outcome == "ok"
	}
	return ended, found
}

// guessed reports whether a run failed that had found no metadata at all, after
// an answer that was no challenge: what the client guessed from there says
// nothing, that answer does, and its finding is made to say so. That there is
// no login is nothing wrong, and not the reason why a document was unusable.
func guessed(all []Finding, events []trace.Event, o *trace.Outcome) bool {
	_, found := course(events)
	if found || o.Due || o.Kind == trace.Denied || o.Kind == trace.Lapsed {
		return false
	}
	for i := range all {
		switch f := &all[i]; f.ID {
		case "probe.open":
			return o.Kind != trace.Interrupted && o.Step != "discover.resource"
		case "probe.page", "probe.other":
			f.Mark = Wrong
			return true
		}
	}
	return false
}
