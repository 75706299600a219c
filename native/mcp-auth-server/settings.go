// The settings: flags, then MCP_AUTH_SERVER_* variables, then a JSON file.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/peterbourgon/ff/v3"

	"mcp-auth/core/server"
	"mcp-auth/native/fetch"
	"mcp-auth/web/settings"
)

type config struct {
	settings.Settings
	listen, store, trace, figures string
	workloads, providers          settings.List
	conformance, version          bool
	connections                   int
}

// parse reads args, environment and file. flag.ErrHelp: help is wanted.
func parse(args []string) (*config, error) {
	c := &config{}
	fs := c.flags()
	err := ff.Parse(fs, args, ff.WithEnvVarPrefix(settings.Prefix), ff.WithConfigFileFlag("config"), ff.WithConfigFileParser(ff.JSONParser))
	if err != nil {
		return c, err
	}
	if fs.NArg() > 0 {
		return c, fmt.Errorf("unexpected argument %q: every setting is a flag", fs.Arg(0))
	}
	if old := os.Getenv("MCP_AUTH_TEST_SERVER_BEARER_TOKEN"); old != "" && c.BearerToken == "" {
		c.BearerToken = old // the variable of the original server
	}
	return c, c.check()
}

func (c *config) flags() *flag.FlagSet {
	fs := flag.NewFlagSet("mcp-auth-server", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&c.listen, "listen", "127.0.0.1:8765", "address and port to listen on; port 0 takes a free one")
	c.Add(fs)
	fs.Var(&c.workloads, "trust-workloads", "take the tokens of a platform's workloads as grants: ISSUER=FILE with its JWK Set; may be repeated")
	fs.Var(&c.providers, "trust-idp", "take the ID-JAGs of an identity provider as grants: ISSUER=FILE with its JWK Set; may be repeated")
	fs.BoolVar(&c.conformance, "conformance", false, "serve the fixtures of the MCP conformance suite, with sessions and streams, at /mcp without a token and at both resources")
	settings.AddCounts(fs, c.ownCounts())
	fs.StringVar(&c.store, "store", memoryStore, "where state is kept: memory, or sqlite:FILE, which outlives the process")
	fs.StringVar(&c.trace, "trace", "", "write every exchange to this file as NDJSON, secrets as labels")
	fs.StringVar(&c.figures, "figures", "", "loopback address, port 0 takes a free one, that tells what the process holds: memory, goroutines, records, connections")
	fs.String("config", "", "JSON file with settings; its keys are the flag names")
	fs.BoolVar(&c.version, "version", false, "print the version")
	return fs
}

func (c *config) ownCounts() []settings.Count {
	return []settings.Count{{To: &c.connections, Name: "max-connections", About: "connections served at once; further ones get 503 with Retry-After", Default: 1_000}}
}

func (c *config) check() error {
	return cmp.Or(settings.AtLeast(nil, c.ownCounts()), c.Check(), checkStore(c.store))
}

// A misuse is a setting that cannot be meant, found later than by parse: once
// an address is bound or a file is read.
type misuse struct{ error }

// server is the core's configuration for the address that was bound. An error
// is about what was set.
func (c *config) server(bound net.Addr, random io.Reader) (server.Config, error) {
	at := settings.Place{Loopback: bound.(*net.TCPAddr).IP.IsLoopback(), Fetcher: fetch.New(), Random: random, Version: version}
	if at.Loopback {
		at.Origin = "http://" + bound.String()
	}
	cfg, err := c.Server(at)
	if err != nil {
		return cfg, err
	}
	if cfg.Trusted, err = c.trusted(); err != nil {
		return cfg, err
	}
	cfg.Conformance = c.conformance
	return cfg, c.Guard(cfg, at)
}
