// Every fuzz target, a few seconds each.
package main

import (
	"fmt"

	"mcp-auth/scripts/internal/fuzztargets"
)

func fuzz(t *tally) error {
	all, err := fuzztargets.Targets()
	if err != nil {
		return err
	}
	for _, target := range all {
		fmt.Println("  ", target.Package, target.Name)
		if out, err := target.Run(*fuzzTime); err != nil {
			t.failed++
			fmt.Println(out)
			continue
		}
		t.passed++
	}
	return nil
}
