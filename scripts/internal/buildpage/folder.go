// The page as a folder.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"mcp-auth/web/page"
)

// target is made anew each time.
const target = "bin/page"

func folder() error {
	files, err := page.Files("static")
	if err != nil {
		return err
	}
	if err := os.RemoveAll(target); err != nil {
		return err
	}
	for _, f := range files {
		name := filepath.Join(target, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, f.Body, 0o644); err != nil {
			return err
		}
	}
	whole, err := filepath.Abs(target)
	if err == nil {
		fmt.Println(whole)
	}
	return err
}
