// Command demo walks every flow of the README with the real programs: a
// server on a free port, the command line program, and a user who answers the
// real consent and device pages. It fails at the first step that goes another
// way.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	at := flag.String("at", "", "walk them against this server, whose --device-interval is 1s, instead of one that is started")
	flag.Parse()
	if err := run(*at); err != nil {
		fmt.Println("\ndemo failed:", err)
		os.Exit(1)
	}
	fmt.Println("\nEvery step went as the README says.")
}

func run(at string) error {
	dir, err := os.MkdirTemp("", "mcp-auth-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Println("Building both programs")
	build := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "./cli/mcp-auth", "./native/mcp-auth-server")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return err
	}
	base, stop := at, func() error { return nil }
	if at == "" {
		if base, stop, err = startServer(dir); err != nil {
			return err
		}
	}
	fmt.Println("The server listens on", base)
	d := &demo{program: filepath.Join(dir, "mcp-auth"), home: filepath.Join(dir, "home"), base: base}
	return errors.Join(d.walk(), stop())
}

// startServer starts the server and reads its address from the greeting. stop
// asks it to end and wants that it does so well.
func startServer(dir string) (base string, stop func() error, err error) {
	c := exec.Command(filepath.Join(dir, "mcp-auth-server"), "--listen", "127.0.0.1:0", "--device-interval", "1s", "--log-format", "off")
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := c.Start(); err != nil {
		return "", nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("the server said nothing: %w", err), c.Wait())
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	words := strings.Fields(line)
	stop = func() error {
		if err := c.Process.Signal(os.Interrupt); err != nil {
			return err
		}
		if err := c.Wait(); err != nil {
			return fmt.Errorf("the server did not stop well: %w", err)
		}
		return nil
	}
	return words[len(words)-1], stop, nil
}

// walk takes the steps in order.
func (d *demo) walk() error {
	for _, s := range steps {
		if s.title != "" {
			fmt.Printf("\n== %s\n", s.title)
		}
		args := d.args(s.line)
		out, errOut, code := d.step(args, s.user)
		text := out
		if s.code != 0 {
			text = errOut
		}
		if code != s.code || !strings.Contains(text, s.want) {
			fmt.Println("FAIL mcp-auth", quoted(args))
			return fmt.Errorf("exit code %d, wanted %d and %q\nstdout:\n%s\nstderr:\n%s", code, s.code, s.want, out, errOut)
		}
		fmt.Println("ok   mcp-auth", quoted(args))
		fmt.Print(brief(text, s.want))
	}
	return nil
}

// args splits a line as a shell would, but for the quotes it has no need of.
func (d *demo) args(line string) []string {
	line = strings.NewReplacer("{O}", d.base+"/mcp/oauth", "{B}", d.base+"/mcp/bearer-token").Replace(line)
	return strings.Fields(line)
}

// quoted is how the arguments are typed.
func quoted(args []string) string {
	all := make([]string, len(args))
	for i, a := range args {
		if all[i] = a; strings.ContainsAny(a, `{}"`) {
			all[i] = "'" + a + "'"
		}
	}
	return strings.Join(all, " ")
}

// brief is an output, indented; of a long one only the line that was wanted.
func brief(text, want string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) > 5 {
		i := max(0, slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, want) }))
		lines = []string{"... " + strings.TrimSpace(lines[i]) + " ..."}
	}
	return "       " + strings.Join(lines, "\n       ") + "\n"
}
