package command_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"
	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"mcp-auth/cli/command"
	"mcp-auth/core/authserver"
	"mcp-auth/core/flowtest"
	"mcp-auth/core/message"
	"mcp-auth/core/server"
	"mcp-auth/native/drive"
	"mcp-auth/native/fetch"
	"mcp-auth/web/httpd"
)

// serve starts our server on a free port.
func serve(t *testing.T, resources ...string) (base string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base = "http://" + l.Addr().String()
	s, err := server.New(server.Config{Issuer: base, Seed: true, Mint: true, Resources: resources, Fetcher: fetch.New(), LocalDocuments: true, Random: rand.Reader, Version: "test",
		IdP: true, DPoPNonce: true, Trusted: []authserver.Trusted{{Issuer: flowtest.Platform, Keys: flowtest.PlatformKeys}}})
	if err != nil {
		t.Fatal(err)
	}
	web := &http.Server{Handler: httpd.Handler(s, time.Now, nil)}
	go func() { _ = web.Serve(l) }()
	t.Cleanup(func() { _ = web.Close() })
	return base
}

// browser is the user's, over the network.
func browser(base string) *flowtest.Browser {
	c := drive.NewClient(base, 0)
	return &flowtest.Browser{Do: func(m message.Request) (message.Response, error) { return c.Do(context.Background(), m) }}
}

// approve answers a consent page and returns where the redirect leads.
func approve(b *flowtest.Browser, authorizationURL string) (string, error) {
	page, err := b.Visit(authorizationURL)
	if err == nil && page.Left == "" { // an error goes back without asking
		page, err = b.Press(page, "decision", "approve")
	}
	if err == nil && page.Left == "" {
		err = fmt.Errorf("no redirect, but HTTP %d", page.Status)
	}
	return page.Left, err
}

// TestGoSDKClientLogsInToOurServer: the official SDK discovers, registers,
// logs in through the real consent page and calls a tool.
func TestGoSDKClientLogsInToOurServer(t *testing.T) {
	is := is.New(t)
	base := serve(t)
	const redirect = "http://127.0.0.1:7777/callback"
	handler, err := auth.NewAuthorizationCodeHandler(&auth.AuthorizationCodeHandlerConfig{
		RedirectURL: redirect,
		DynamicClientRegistrationConfig: &auth.DynamicClientRegistrationConfig{Metadata: &oauthex.ClientRegistrationMetadata{
			ClientName: "Go SDK", RedirectURIs: []string{redirect}, GrantTypes: []string{"authorization_code", "refresh_token"}, TokenEndpointAuthMethod: "none"}},
		AuthorizationCodeFetcher: func(_ context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
			left, err := approve(browser(base), args.URL)
			if err != nil {
				return nil, err
			}
			u, err := url.Parse(left)
			if err != nil {
				return nil, err
			}
			q := u.Query()
			return &auth.AuthorizationResult{Code: q.Get("code"), State: q.Get("state"), Iss: q.Get("iss")}, nil
		},
	})
	is.NoErr(err) // the handler is configured
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	client := mcp.NewClient(&mcp.Implementation{Name: "interop", Version: "1"}, nil)
	session, err := client.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: base + "/mcp/oauth", OAuthHandler: handler, DisableStandaloneSSE: true}, nil)
	is.NoErr(err) // the SDK logs in and initializes
	defer session.Close()
	tools, err := session.ListTools(ctx, nil)
	is.NoErr(err)                 // and lists
	is.Equal(len(tools.Tools), 6) // our six tools
	result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "whoami"})
	is.NoErr(err)            // and calls
	is.True(!result.IsError) // well
	text := result.Content[0].(*mcp.TextContent).Text
	is.True(strings.Contains(text, `"subject":"test-user"`)) // as the user who approved
}

// TestOurClientLogsInToAGoSDKServer: a resource made with the official SDK
// trusts our issuer; our command line program logs in to it and calls a tool.
func TestOurClientLogsInToAGoSDKServer(t *testing.T) {
	is := is.New(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	is.NoErr(err) // a port
	resource := "http://" + l.Addr().String() + "/mcp"
	base := serve(t, resource)
	sdk := sdkServer(base, resource)
	sdk.Listener.Close()
	sdk.Listener = l
	sdk.Start()
	t.Cleanup(sdk.Close)
	home := t.TempDir()

	out, errOut, code := login(t, home, base, "login", resource, "--auth-mode", "auth-code", "--register")
	is.Equal(code, 0)                              // logged in; see stderr below if not
	is.True(strings.Contains(out, "Saved active")) // and saved
	_ = errOut
	var stdout, stderr bytes.Buffer
	code = command.Run(context.Background(), []string{"call", resource, "tools/call", "--tool-name", "greet", "--tool-arguments", `{"name":"you"}`, "--cli-home", home}, command.Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr})
	if code != 0 {
		t.Fatal(stderr.String())
	}
	is.True(strings.Contains(stdout.String(), "hello you")) // the tool answers, over SSE and with a session
}

// sdkServer is an MCP server of the official SDK behind bearer tokens that it
// asks our server about.
func sdkServer(issuer, resource string) *httptest.Server {
	s := mcp.NewServer(&mcp.Implementation{Name: "sdk", Version: "1"}, nil)
	type input struct {
		Name string `json:"name"`
	}
	mcp.AddTool(s, &mcp.Tool{Name: "greet", Description: "greets"}, func(_ context.Context, _ *mcp.CallToolRequest, in input) (*mcp.CallToolResult, any, error) {
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "hello " + in.Name}}}, nil, nil
	})
	verify := func(_ context.Context, token string, _ *http.Request) (*auth.TokenInfo, error) {
		r, err := http.PostForm(issuer+"/oauth/introspect", url.Values{"token": {token}, "client_id": {"dev-confidential-client"}, "client_secret": {"dev-confidential-secret"}})
		if err != nil {
			return nil, err
		}
		defer r.Body.Close()
		var i struct {
			Active     bool
			Scope, Aud string
			Exp        int64
		}
		if err := json.NewDecoder(r.Body).Decode(&i); err != nil || !i.Active || i.Aud != resource {
			return nil, auth.ErrInvalidToken
		}
		return &auth.TokenInfo{Scopes: strings.Fields(i.Scope), Expiration: time.Unix(i.Exp, 0)}, nil
	}
	origin := strings.TrimSuffix(resource, "/mcp")
	protect := auth.RequireBearerToken(verify, &auth.RequireBearerTokenOptions{ResourceMetadataURL: origin + "/.well-known/oauth-protected-resource/mcp", Scopes: []string{"mcp:read"}})
	mux := http.NewServeMux()
	mux.Handle("/mcp", protect(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s }, nil)))
	mux.Handle("/.well-known/oauth-protected-resource/mcp", auth.ProtectedResourceMetadataHandler(&oauthex.ProtectedResourceMetadata{
		Resource: resource, AuthorizationServers: []string{issuer}, ScopesSupported: []string{"mcp:read"}, BearerMethodsSupported: []string{"header"}}))
	return httptest.NewUnstartedServer(mux)
}

// login runs a login whose user approves.
func login(t *testing.T, home, issuer string, args ...string) (out, errOut string, code int) {
	t.Helper()
	var stderr bytes.Buffer
	out, code = approving(t, issuer, func(ctx context.Context, w io.Writer) int {
		return command.Run(ctx, append(args, "--cli-home", home), command.Streams{In: strings.NewReader(""), Out: w, Err: &stderr})
	})
	if code != 0 {
		t.Log(out, stderr.String())
	}
	return out, stderr.String(), code
}

// approving runs a command whose user approves each authorization that it says
// on w. It is interrupted when an approval fails: nothing else would come.
func approving(t *testing.T, issuer string, run func(ctx context.Context, w io.Writer) int) (said string, code int) {
	t.Helper()
	r, w := io.Pipe()
	done := make(chan int, 1)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	go func() {
		c := run(ctx, w)
		w.Close()
		done <- c
	}()
	var b strings.Builder
	for lines := bufio.NewScanner(r); lines.Scan(); {
		line := lines.Text()
		b.WriteString(line + "\n")
		if strings.HasPrefix(line, issuer+"/oauth/authorize?") {
			u := browser(issuer)
			left, err := approve(u, line)
			if err == nil {
				_, err = u.Visit(left)
			}
			if err != nil {
				t.Error(err)
				interrupt()
			}
		}
	}
	return b.String(), <-done
}
