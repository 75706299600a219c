// Command zitadel is zitadel/oidc with the storage of its own example, set up
// in its favour for scripts/bench --peers: no logs, and a user who is logged in
// as soon as an authorization request exists.
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"

	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "zitadel:", err)
		os.Exit(1)
	}
}

func serve() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	issuer := "http://" + l.Addr().String()
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	storage.RegisterClients(storage.NativeClient("dev-public-client", "http://127.0.0.1:7777/callback"))
	config := &op.Config{CodeMethodS256: true, AuthMethodPost: true}
	if _, err := rand.Read(config.CryptoKey[:]); err != nil {
		return err
	}
	kept := &logged{storage.NewStorage(storage.NewUserStore(issuer))}
	provider, err := op.NewProvider(config, kept, op.StaticIssuer(issuer), op.WithAllowInsecure())
	if err != nil {
		return err
	}
	fmt.Println("zitadel listens on " + issuer)
	return http.Serve(l, provider)
}

// logged is storage in which the user has logged in already.
type logged struct{ *storage.Storage }

func (s *logged) CreateAuthRequest(ctx context.Context, r *oidc.AuthRequest, user string) (op.AuthRequest, error) {
	request, err := s.Storage.CreateAuthRequest(ctx, r, user)
	if err != nil {
		return nil, err
	}
	return request, s.CheckUsernamePassword("test-user2", "verysecure", request.GetID())
}

// GetClientByClientID sends the browser on at once, instead of to a login page.
func (s *logged) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := s.Storage.GetClientByClientID(ctx, id)
	if err != nil {
		return nil, err
	}
	return client{c}, nil
}

type client struct{ op.Client }

func (client) LoginURL(id string) string { return "/authorize/callback?id=" + id }
