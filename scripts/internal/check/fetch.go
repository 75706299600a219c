// What phases need from outside is fetched behind the phases before them:
// waiting for a network takes no core. Only what lies beside the packages is:
// a folder that comes or goes below them would upset who lists ./... just then.
package main

import (
	"errors"
	"fmt"
	"os/exec"
	"sync"
)

var (
	browser = sync.OnceValues(chromium)
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
