package explain_test

import (
	"testing"

	"mcp-auth/core/explain"
	"mcp-auth/core/trace"
)

// What a server recorded is explained by its paths.
func TestAServersOwnTraceIsExplained(t *testing.T) {
	for step, as := range map[string]string{"serve /.well-known/oauth-protected-resource/mcp/oauth": "discover.resource", "serve /.well-known/openid-configuration": "discover.server",
		"serve /oauth/register": "register", "serve /oauth/authorize": "authorize", "serve /oauth/authorize/consent": "consent", "serve /oauth/token": "token",
		"serve /oauth/device/authorize": "device", "serve /oauth/device/verify/consent": "verify"} {
		for _, kind := range []trace.Kind{trace.KindRequest, trace.KindResponse} {
			r := explain.Row{Kind: kind, Pieces: []string{"200"}}
			r.Step = as
			want := explain.Why(r)
			r.Step = step
			if got := explain.Why(r); got == "" || got != want {
				t.Errorf("%s %s: %q", step, kind, got)
			}
		}
	}
	refused := explain.Row{Step: "serve /mcp/oauth", Kind: trace.KindResponse, Pieces: []string{"401", "WWW-Authenticate: Bearer"}}
	if explain.Why(refused) != explain.Text("why.probe.response") {
		t.Error("a refusal is explained as what it is")
	}
	if explain.Why(explain.Row{Step: "serve /health", Kind: trace.KindRequest, Pieces: []string{"GET"}}) != "" {
		t.Error("what is not known is not explained")
	}
	for _, r := range []explain.Row{
		{Step: "serve /health", Kind: trace.KindResponse, Pieces: []string{"200"}},
		{Step: "serve /health", Kind: trace.KindInternal, Pieces: []string{"state"}},
		{Step: "serve /mcp/oauth", Kind: trace.KindRequest, Pieces: []string{"POST"}},
		{Step: "serve /mcp/oauth", Kind: trace.KindResponse},
	} {
		if why := explain.Why(r); why != "" {
			t.Errorf("%v: %s", r, why)
		}
	}
	let := explain.Row{Step: "serve /mcp/oauth", Kind: trace.KindResponse, Pieces: []string{"200"}}
	if explain.Why(let) != explain.Text("why.mcp.response") || explain.Text("why.mcp.response") == "" {
		t.Error("what is let in is explained as a call")
	}
}
