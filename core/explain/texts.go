// All texts, in one file keyed by ids: why a message is sent, what a parameter
// means, what a check protects, what a finding comes from and how it is fixed.
package explain

import (
	_ "embed"
	"strings"

	"mcp-auth/core/trace"
)

//go:embed texts.txt
var file string

// texts maps an id to its text. A line is "id: text"; # begins a comment.
var texts = readTexts(file)

func readTexts(s string) map[string]string {
	all := map[string]string{}
	for line := range strings.SplitSeq(s, "\n") {
		if id, text, ok := strings.Cut(line, ": "); ok && !strings.HasPrefix(line, "#") {
			all[id] = text
		}
	}
	return all
}

// Text returns the text of an id, or "".
func Text(id string) string { return texts[id] }

// Why says why a row's message is sent: by its step and direction.
func Why(r Row) string {
	step := asked(r)
	if step == "probe" && r.Kind == trace.KindResponse && len(r.Pieces) > 0 {
		switch {
		case r.Pieces[0] != "401":
			step = "probe.other"
		case len(r.Pieces) < 2 || !strings.HasPrefix(r.Pieces[1], "WWW-Authenticate"):
			step = "probe.bare"
		}
	}
	return Text("why." + step + "." + string(r.Kind))
}

// served are the steps of what a server recorded, by path: a longer one before
// one that it begins with.
var served = [...][2]string{{"/.well-known/oauth-protected-resource", "discover.resource"}, {"/.well-known/", "discover.server"},
	{"/oauth/register", "register"}, {"/oauth/authorize/consent", "consent"}, {"/oauth/authorize", "authorize"}, {"/oauth/token", "token"},
	{"/oauth/device/verify", "verify"}, {"/oauth/device/", "device"}, {"/oauth/revoke", "revoke"}}

// asked is the step of a row. A server does not know what its client is about;
// its path says most of it.
func asked(r Row) string {
	path, recorded := strings.CutPrefix(r.Step, "serve ")
	if !recorded {
		return r.Step
	}
	for _, s := range served {
		if strings.HasPrefix(path, s[0]) {
			return s[1]
		}
	}
	if r.Kind == "response" && len(r.Pieces) > 0 && strings.HasPrefix(path, "/mcp/") {
		if r.Pieces[0] == "401" {
			return "probe"
		}
		return "mcp"
	}
	return r.Step
}

// AboutCheck says what a check protects.
func AboutCheck(id string) string {
	if strings.HasPrefix(id, "endpoint.") {
		id = "endpoint"
	}
	return Text("check." + id)
}
