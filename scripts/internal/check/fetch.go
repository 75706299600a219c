// What phases need from npm and apt is fetched behind the phases before them:
// waiting for a network takes no core.
package main

import (
	"errors"
	"fmt"
	"os/exec"
	"sync"

	"mcp-auth/scripts/internal/workerd"
)

var (
	// browser is what drives a browser, and the browser's program.
	browser = sync.OnceValues(func() (string, error) {
		if err := run(nil, "npm", "ci", "--prefix", "web/page/test", "--no-audit", "--no-fund", "--silent"); err != nil {
			return "", fmt.Errorf("npm ci in web/page/test: %w", err)
		}
		return chromium()
	})
	// workerdProgram is workerd, from npm.
	workerdProgram = sync.OnceValues(workerd.Install)
	// checkers are the programs of other people that ours are held to.
	checkers = sync.OnceValue(func() error { return run(nil, "scripts/conformance", "--install") })
)

// fetch brings what phases will ask for, one after the other. What goes wrong
// is told to the phase that asks.
func fetch(phases []phase) {
	for _, p := range phases {
		switch p.name {
		case "page":
			_, _ = browser()
		case "worker":
			_, _ = workerdProgram()
		case "conformance":
			_ = checkers()
		}
	}
}

// conformance runs the suite when what it needs is here.
func conformance(*tally) error {
	return errors.Join(checkers(), run(nil, "scripts/conformance"))
}

// chromium finds the system's browser, and installs it where apt can.
func chromium() (string, error) {
	for range 2 {
		for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
			if found, err := exec.LookPath(name); err == nil {
				return found, nil
			}
		}
		if err := install("chromium"); err != nil {
			return "", fmt.Errorf("the page's tests need Chromium, and installing it failed: %w", err)
		}
	}
	return "", errors.New("the page's tests need Chromium: install it, under the name chromium")
}
