// Command buildworker makes the Worker as a folder that can be deployed, or
// run in workerd. Its last line is that folder.
package main

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"mcp-auth/core/message"
	"mcp-auth/web/page"
	"mcp-auth/web/settings"
)

// from is where the glue lies.
const from = "wasm/worker"

func main() {
	scripted := flag.Bool("scripted", false, "build for the tests: each world of a script is an object of its own, with a clock moved by hand")
	flag.Parse()
	into := "bin/worker"
	if *scripted {
		into += "-scripted"
	}
	if err := build(into, *scripted); err != nil {
		fmt.Fprintln(os.Stderr, "build-worker:", err)
		os.Exit(1)
	}
	abs, _ := filepath.Abs(into)
	fmt.Println(abs)
}

func build(into string, scripted bool) error {
	if err := os.RemoveAll(into); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(into, "objects"), 0o755); err != nil {
		return err
	}
	var tags []string
	modules := []string{"entry.mjs", "object.mjs"}
	if scripted {
		tags, modules = []string{"-tags=scripted"}, []string{"scripted.mjs", "entry.mjs", "object.mjs"}
	}
	if err := compile(filepath.Join(into, "app.wasm"), tags); err != nil {
		return err
	}
	for _, name := range append(modules, "wrangler.jsonc") {
		if err := copyFile(filepath.Join(into, name), filepath.Join(from, name)); err != nil {
			return err
		}
	}
	if err := starter(filepath.Join(into, "wasm_exec.js")); err != nil {
		return err
	}
	if err := assets(into); err != nil {
		return err
	}
	if err := local(into, modules); err != nil {
		return err
	}
	if scripted {
		return nil
	}
	return weigh(into, append(modules, "assets.mjs", "wasm_exec.js", "app.wasm"))
}

func compile(into string, tags []string) error {
	version := "dev"
	if out, err := exec.Command("git", "describe", "--tags", "--always").Output(); err == nil {
		version = strings.TrimSpace(string(out))
	}
	args := append([]string{"build", "-trimpath", "-ldflags=-s -w -X main.version=" + version, "-o", into}, tags...)
	c := exec.Command("go", append(args, "./"+from)...)
	c.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	return c.Run()
}

// starter copies the library's start-up script, which gives Go its context.
func starter(into string) error {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/syumai/workers").Output()
	if err != nil {
		return err
	}
	return copyFile(into, filepath.Join(strings.TrimSpace(string(dir)), "cmd", "workers-assets-gen", "assets", "wasm_exec_go.js"))
}

func copyFile(to, from string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o644)
}

// assets writes the page's files as the native server serves them, and says in
// a module which path is which file with which header fields.
func assets(into string) error {
	if !page.Built() {
		return fmt.Errorf("the page was not built: run scripts/build-worker, which does it first")
	}
	mounted, err := page.Mounted()
	if err != nil {
		return err
	}
	var list []message.Member
	for at, r := range mounted {
		name := strings.TrimPrefix(at, "/")
		if path.Ext(name) == "" {
			name = path.Join(name, "index.html")
		}
		file := filepath.Join(into, "assets", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, r.Body, 0o644); err != nil {
			return err
		}
		var fields []message.Member
		for _, f := range r.Header {
			fields = append(fields, message.M(f.Name, message.Str(f.Value)))
		}
		list = append(list, message.M(at, message.Obj(message.M("file", message.Str(name)), message.M("headers", message.Obj(fields...)))))
	}
	text := append([]byte("// Made by scripts/build-worker: the page's files by path.\nexport const files = "), message.Obj(list...).Append(nil)...)
	return os.WriteFile(filepath.Join(into, "assets.mjs"), append(text, ";\n"...), 0o644)
}

// local writes the configuration of workerd: the modules, and every setting as
// a variable of the environment.
func local(into string, modules []string) error {
	b, err := os.ReadFile(filepath.Join(from, "workerd.capnp"))
	if err != nil {
		return err
	}
	var all, variables []string
	for _, m := range modules {
		all = append(all, fmt.Sprintf("    (name = %q, esModule = embed %q),", m, m))
	}
	var set settings.Settings
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	set.Add(flags)
	flags.VisitAll(func(f *flag.Flag) {
		v := settings.Variable(f.Name)
		variables = append(variables, fmt.Sprintf("    (name = %q, fromEnvironment = %q),", v, v))
	})
	class := "Issuer"
	if modules[0] == "scripted.mjs" {
		class = "World"
	}
	text := strings.NewReplacer("CLASS", class, "MODULES", strings.Join(all, "\n"), "VARIABLES", strings.Join(variables, "\n")).Replace(string(b))
	return os.WriteFile(filepath.Join(into, "workerd.capnp"), []byte(text), 0o644)
}

// weigh prints what is uploaded as code, and fails above the budget.
func weigh(into string, names []string) error {
	const budget = 3_000_000
	raw, packed := 0, 0
	for _, name := range names {
		b, err := os.ReadFile(filepath.Join(into, name))
		if err != nil {
			return err
		}
		var z bytes.Buffer
		w, _ := gzip.NewWriterLevel(&z, gzip.BestCompression)
		_, _ = w.Write(b)
		_ = w.Close()
		raw, packed = raw+len(b), packed+z.Len()
	}
	fmt.Fprintf(os.Stderr, "worker: %d bytes, %d with gzip (budget %d)\n", raw, packed, budget)
	if packed > budget {
		return fmt.Errorf("the Worker has outgrown its budget")
	}
	return nil
}
