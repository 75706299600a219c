// Command fosite is ory/fosite with its memory store behind httprouter, set up
// in its favour for scripts/bench --peers: no logs, client secrets hashed with
// SHA-256 instead of bcrypt, consent given at once.
package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/julienschmidt/httprouter"
	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"
	"github.com/ory/fosite/storage"
)

// sum hashes client secrets.
type sum struct{}

func (sum) Hash(_ context.Context, data []byte) ([]byte, error) {
	s := sha256.Sum256(data)
	return s[:], nil
}

func (sum) Compare(_ context.Context, hash, data []byte) error {
	if s := sha256.Sum256(data); subtle.ConstantTimeCompare(s[:], hash) != 1 {
		return errors.New("wrong secret")
	}
	return nil
}

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "fosite:", err)
		os.Exit(1)
	}
}

func serve() error {
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return err
	}
	hash, _ := sum{}.Hash(context.Background(), []byte("dev-confidential-secret"))
	store := storage.NewMemoryStore()
	store.Clients["dev-confidential-client"] = &fosite.DefaultClient{ID: "dev-confidential-client", Secret: hash, GrantTypes: []string{"client_credentials"}, Scopes: []string{"mcp:read"}}
	store.Clients["dev-public-client"] = &fosite.DefaultClient{ID: "dev-public-client", Public: true, RedirectURIs: []string{"http://127.0.0.1:7777/callback"},
		GrantTypes: []string{"authorization_code"}, ResponseTypes: []string{"code"}, Scopes: []string{"mcp:read"}}
	config := &fosite.Config{GlobalSecret: secret, AccessTokenLifespan: time.Hour, ClientSecretsHasher: sum{}, EnforcePKCE: true, MinParameterEntropy: 3}
	p := compose.Compose(config, store, compose.NewOAuth2HMACStrategy(config), compose.OAuth2ClientCredentialsGrantFactory, compose.OAuth2AuthorizeExplicitFactory,
		compose.OAuth2PKCEFactory, compose.OAuth2TokenIntrospectionFactory)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	router := httprouter.New()
	router.POST("/oauth/token", token(p))
	router.GET("/oauth/authorize", authorize(p))
	router.POST("/mcp/oauth", call(p))
	fmt.Println("fosite listens on http://" + l.Addr().String())
	return http.Serve(l, router)
}

func token(p fosite.OAuth2Provider) httprouter.Handle {
	return func(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
		ctx := r.Context()
		request, err := p.NewAccessRequest(ctx, r, &fosite.DefaultSession{Subject: "test-user"})
		if err != nil {
			p.WriteAccessError(ctx, w, request, err)
			return
		}
		if request.GetGrantTypes().ExactOne("client_credentials") {
			for _, s := range request.GetRequestedScopes() {
				request.GrantScope(s)
			}
		}
		answer, err := p.NewAccessResponse(ctx, request)
		if err != nil {
			p.WriteAccessError(ctx, w, request, err)
			return
		}
		p.WriteAccessResponse(ctx, w, request, answer)
	}
}

func authorize(p fosite.OAuth2Provider) httprouter.Handle {
	return func(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
		ctx := r.Context()
		request, err := p.NewAuthorizeRequest(ctx, r)
		if err != nil {
			p.WriteAuthorizeError(ctx, w, request, err)
			return
		}
		for _, s := range request.GetRequestedScopes() {
			request.GrantScope(s)
		}
		answer, err := p.NewAuthorizeResponse(ctx, request, &fosite.DefaultSession{Subject: "test-user"})
		if err != nil {
			p.WriteAuthorizeError(ctx, w, request, err)
			return
		}
		p.WriteAuthorizeResponse(ctx, w, request, answer)
	}
}

// call checks the token and answers a constant: fosite speaks no MCP.
func call(p fosite.OAuth2Provider) httprouter.Handle {
	pong := []byte(`{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"{\"pong\":true}"}],"structuredContent":{"pong":true},"isError":false}}`)
	return func(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
		bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if _, _, err := p.IntrospectToken(r.Context(), bearer, fosite.AccessToken, &fosite.DefaultSession{}, "mcp:read"); err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(pong)
	}
}
