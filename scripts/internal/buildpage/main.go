// Command buildpage compiles the core for the page and writes the page as a
// folder that any static host can serve. Its last line is that folder.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"mcp-auth/core/flowtest"
)

// into is where the native server embeds what is made here.
const into = "web/page/static/page"

func main() {
	steps := map[string]func() error{"core": core, "folder": folder}
	if len(os.Args) != 2 || steps[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: buildpage core|folder")
		os.Exit(2)
	}
	if err := steps[os.Args[1]](); err != nil {
		fmt.Fprintln(os.Stderr, "build-page:", err)
		os.Exit(1)
	}
}

// core compiles and packs, without what only other faces need (the tag page). Nothing is inlined: the page is not busy,
// and that makes the download a tenth smaller.
func core() error {
	dir, err := os.MkdirTemp("", "page")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	wasm := filepath.Join(dir, "core.wasm")
	c := exec.Command("go", "build", "-tags=page", "-trimpath", "-ldflags=-s -w", "-gcflags=all=-l", "-o", wasm, "./wasm/page")
	c.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	if err := c.Run(); err != nil {
		return err
	}
	b, err := os.ReadFile(wasm)
	if err != nil {
		return err
	}
	packed, err := pack(b, wasm)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "core.wasm: %d bytes, %d with gzip\n", len(b), len(packed))
	if err := os.WriteFile(filepath.Join(into, "core.wasm.gz"), packed, 0o644); err != nil {
		return err
	}
	return errors.Join(glue(), scripts())
}

// pack compresses what lies in a file, with zopfli where it is installed: that
// makes four percent less of it than gzip's own program, and takes ten seconds;
// so what is packed already is kept. The standard library makes the most.
func pack(b []byte, file string) ([]byte, error) {
	if old, err := os.ReadFile(filepath.Join(into, "core.wasm.gz")); err == nil && same(old, b) {
		return old, nil
	}
	for _, packer := range [...][]string{{"zopfli", "--i1", "-c", file}, {"gzip", "-9", "-n", "-c", file}} {
		if out, err := exec.Command(packer[0], packer[1:]...).Output(); err == nil {
			return out, nil
		}
	}
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	_, err := w.Write(b)
	return packed.Bytes(), errors.Join(err, w.Close())
}

// same reports whether a packed file holds just that.
func same(packed, b []byte) bool {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return false
	}
	was, err := io.ReadAll(r)
	return err == nil && bytes.Equal(was, b)
}

// scripts writes the flow scripts into one file, for the page's own check.
func scripts() error {
	files, err := flowtest.Scripts.ReadDir("testdata")
	if err != nil {
		return err
	}
	all := map[string]string{}
	for _, f := range files {
		b, err := flowtest.Scripts.ReadFile("testdata/" + f.Name())
		if err != nil {
			return err
		}
		all[f.Name()] = string(b)
	}
	b, err := json.Marshal(all) // sorted by name
	return errors.Join(err, os.WriteFile(filepath.Join(into, "scripts.json"), b, 0o644))
}

// glue copies Go's own start-up script: it must match the compiler. Comments
// and indentation stay behind.
func glue() error {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return err
	}
	b, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return err
	}
	var kept []string
	for line := range strings.SplitSeq(string(b), "\n") {
		if line = strings.TrimSpace(line); line != "" && (!strings.HasPrefix(line, "//") || len(kept) < 3) {
			kept = append(kept, line) // the first three are its licence
		}
	}
	return os.WriteFile(filepath.Join(into, "wasm_exec.js"), []byte(strings.Join(kept, "\n")+"\n"), 0o644)
}
