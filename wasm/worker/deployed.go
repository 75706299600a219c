//go:build js && wasm && !scripted

// The server as it is deployed: its settings are the Worker's variables.
package main

import (
	"cmp"
	"crypto/rand"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/syumai/workers/cloudflare"

	"mcp-auth/core/message"
	"mcp-auth/core/server"
	"mcp-auth/web/httpd"
	"mcp-auth/web/settings"
)

var (
	logFormat  string
	sweepEvery = time.Minute
)

func now() time.Time { return time.Now() }

func mount(s *server.Server) http.Handler {
	return httpd.Handler(s, now, httpd.Log(logFormat, os.Stdout))
}

// config reads the settings. There is no address to take the issuer from, and
// the host that a request names is not to be believed (C-10).
func config() (server.Config, error) {
	var set settings.Settings
	flags := flag.NewFlagSet("worker", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	set.Add(flags)
	var err error
	var names []string
	flags.VisitAll(func(f *flag.Flag) {
		names = append([]string{"--" + f.Name, settings.Variable(f.Name)}, names...) // a longer name before one that it begins with
		if v := cloudflare.Getenv(settings.Variable(f.Name)); v != "" {
			err = cmp.Or(err, wrong(f.Name, flags.Set(f.Name, v)))
		}
	})
	given := func(err error) error { // as settings are given here
		if err != nil {
			return errors.New(strings.NewReplacer(names...).Replace(err.Error()))
		}
		return nil
	}
	if err = cmp.Or(err, set.Check()); err != nil {
		return server.Config{}, given(err)
	}
	logFormat, sweepEvery = set.LogFormat, set.Sweep
	issuer, err := message.ParseURL(set.Issuer)
	at := settings.Place{Loopback: err == nil && issuer.Loopback(), Random: rand.Reader, Version: version}
	if len(set.DocumentHosts) > 0 { // the address of a connection cannot be judged here: only named hosts
		at.Fetcher = fetcher{}
	}
	cfg, err := set.Server(at)
	return cfg, given(cmp.Or(err, set.Guard(cfg, at)))
}

func wrong(flag string, err error) error {
	if err != nil {
		return errors.New(settings.Variable(flag) + ": " + err.Error())
	}
	return nil
}
