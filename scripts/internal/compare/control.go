// The control: programs with mistakes in them, each of which a check must
// notice. A check that cannot fail shows nothing.
package main

import (
	"fmt"
	"os"

	"mcp-auth/scripts/internal/live"
)

// A mistake is planted, and noticed by the check with that description.
type mistake struct {
	noticed string
	live.Plant
}

var mistakes = []mistake{
	{"a foreign Host", live.Plant{File: "core/server/door.go", Old: "if !s.hosts[strings.ToLower(m.Host())] {", New: "if false {"}},
	{"a foreign Origin", live.Plant{File: "core/server/door.go", Old: "if p.who == guarded && foreign {", New: "if false && foreign {"}},
	{"a used refresh token kills the family", live.Plant{File: "core/authserver/refresh.go", Old: "next.Generation++", New: ""}},
	{"a denial is final", live.Plant{File: "core/authserver/device.go", Old: "case d.State == DeviceDenied:", New: "case false:"}},
	{"a wrong verifier leaves the code good", live.Plant{File: "core/authserver/code.go", Old: "case !oauth.VerifierMatches(r.CodeVerifier, code.Challenge):", New: "case false:"}},
	{"markup in user_code", live.Plant{File: "core/message/escape.go", Old: "return htmlEscapes.Replace(Printable(s))", New: "return Printable(s)"}},
	{"javascript: as redirect URI", live.Plant{File: "core/oauth/redirect.go", Old: "if !strings.Contains(scheme, \".\") {", New: "if false {"}},
	{"metadata of another issuer", live.Plant{File: "core/flow/seekserver.go", Old: "want, same := s.servers[0], doc.Issuer == s.servers[0]", New: "want, same := s.servers[0], true"}},
	{"a callback with a wrong state", live.Plant{File: "core/flow/callback.go", Old: "oauth.SameSecret(r.State, f.StateValue)) {", New: "true) {"}},
	{"metadata of a foreign resource", live.Plant{File: "core/flow/seekresource.go", Old: "ours, outcome := covers(doc.Resource, s.ResourceURL), \"ok\"", New: "ours, outcome := true, \"ok\""}},
}

// controlled plants each mistake and wants its check to notice.
func controlled() (bool, error) {
	dir, err := os.MkdirTemp("", "mcp-auth-compare-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	noticed := 0
	for _, m := range mistakes {
		build, err := live.Build{Plants: []live.Plant{m.Plant}}.Into(dir)
		if err != nil {
			return false, err
		}
		for _, c := range append(append([]check{}, serverChecks...), clientChecks...) {
			if c.what != m.noticed {
				continue
			}
			seen, resisted := c.against(build, dir)
			if !resisted {
				noticed++
			}
			fmt.Printf("%-45s noticed: %-3s  %s\n", m.noticed, yes(!resisted), clean(seen))
		}
		_ = os.RemoveAll(build)
	}
	fmt.Printf("\nmistakes noticed: %d of %d\n", noticed, len(mistakes))
	return noticed == len(mistakes), nil
}
