package command_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mcp-auth/core/authserver"
	"mcp-auth/core/exchange"
	"mcp-auth/core/flowtest"
)

// statements writes what the logins with keys and statements need: the key of
// dev-key-client, the token of a platform for its workload, and the ID token
// of the test user.
func statements(t *testing.T, base, dir string) {
	t.Helper()
	now := time.Now()
	workload, err := exchange.Assertion{Type: "JWT", Issuer: flowtest.Platform, Subject: "workload-7", Audience: base, ExpiresAt: now.Add(time.Hour)}.Sign(flowtest.PlatformKey(), now)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.PostForm(base+"/idp/id-token", url.Values{"client_id": {"dev-enterprise-client"}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var answer struct {
		IDToken string `json:"id_token"`
	}
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"workload.jwt": workload, "id.jwt": answer.IDToken}
	for _, s := range authserver.Seeds() {
		if s.Key != "" {
			files["key.json"] = s.Key
		}
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
