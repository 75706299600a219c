// The Worker in workerd: built twice, as it is deployed and as the tests need
// it, and held to what the native server is held to.
package main

import (
	"errors"
	"sync"

	"mcp-auth/scripts/internal/workerd"
)

// catalogue are the cases of the server that are put to the Worker as well.
const catalogue = "^Test(AZ|TK|RF|DV|RG|RS|MC)[0-9]"

func worker(t *tally) error {
	program, err := workerd.Install()
	if err != nil {
		return err
	}
	deployed, err := workerd.Build()
	if err != nil {
		return err
	}
	scripted, err := workerd.BuildScripted()
	if err != nil {
		return err
	}
	p, err := workerd.Serve(program, scripted)
	if err != nil {
		return err
	}
	defer p.Stop()
	env := []string{"MCP_AUTH_TEST_WORKER=" + p.Address, "MCP_AUTH_TEST_WORKERD=" + program, "MCP_AUTH_TEST_WORKER_FOLDER=" + deployed}
	// Each test has a sandbox of its own, so the two may run at once: the first
	// mostly waits.
	var own error
	var running sync.WaitGroup
	running.Go(func() { own = tests(t, env, "-count=1", "-timeout=10m", "./wasm/worker/test") })
	err = tests(t, env, "-count=1", "-timeout=10m", "-run="+catalogue, "./core/server")
	running.Wait()
	return errors.Join(own, err, walkthrough(program, deployed))
}

// walkthrough takes every flow with the real command line program.
func walkthrough(program, folder string) error {
	p, err := workerd.Serve(program, folder, "MCP_AUTH_SERVER_DEVICE_INTERVAL=1s")
	if err != nil {
		return err
	}
	defer p.Stop()
	_, err = output(nil, "scripts/demo", "--at", "http://"+p.Address)
	return err
}
