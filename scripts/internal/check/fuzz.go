// Every fuzz target for half a minute, four for each core at a time: CI
// looks at each, and scripts/soak --fuzz at each for as long as it is given.
package main

import (
	"fmt"
	"runtime"
	"sync"

	"mcp-auth/scripts/internal/fuzztargets"
)

func fuzz(t *tally) error {
	all, err := fuzztargets.Targets()
	if err != nil {
		return err
	}
	var running sync.WaitGroup
	var mu sync.Mutex
	places := make(chan struct{}, 4*runtime.NumCPU())
	for _, target := range all {
		places <- struct{}{}
		running.Go(func() {
			out, _, err := target.Run(*fuzzTime, 1)
			mu.Lock()
			defer mu.Unlock()
			fmt.Println("  ", target.Package, target.Name)
			if err != nil {
				t.fail(target.Package + " " + target.Name)
				fmt.Println(out)
			} else {
				t.pass()
			}
			<-places
		})
	}
	running.Wait()
	return nil
}
