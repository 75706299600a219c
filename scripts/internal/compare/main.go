// Command compare puts our server and our client to the black-box checks that
// the original Python server and client were put to, and prints what became of
// each, side by side. The original's results are those that were recorded; the
// record names them by area, and every one that it names is here.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"mcp-auth/scripts/internal/live"
)

// A check is one attack, or one thing that must work all the same.
type check struct {
	area, what string
	cases      string // ids of the attack catalogue that it comes from
	original   string // what was recorded
	resisted   bool   // whether the original did
	run        func(w *world) (seen string, resisted bool)
}

const file = "scripts/compare.md"

var (
	write   = flag.Bool("write", false, "write the table into "+file)
	control = flag.Bool("control", false, "instead: plant mistakes into our programs, and want the checks to notice them")
	only    = flag.String("only", "", "run the checks whose description has this in it")
)

func main() {
	flag.Usage = func() {
		fmt.Println("scripts/compare [--write] [--only TEXT] [--control]\n\nPuts our programs to the checks of the original, and ends with 1 when one is not resisted.\n\nFlags")
		flag.PrintDefaults()
	}
	flag.Parse()
	run := compare
	if *control {
		run = controlled
	}
	ok, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

func compare() (bool, error) {
	dir, err := os.MkdirTemp("", "mcp-auth-compare-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	live.Pinned = false
	build, err := live.Build{}.Into(dir)
	if err != nil {
		return false, err
	}
	var b strings.Builder
	b.WriteString("| area | check | cases | the original | ours | |\n|---|---|---|---|---|---|\n")
	sums := map[string]*sum{"server": {}, "client": {}}
	for _, part := range []struct {
		name   string
		checks []check
	}{{"server", serverChecks}, {"client", clientChecks}} {
		for _, c := range part.checks {
			if !strings.Contains(c.what, *only) {
				continue
			}
			seen, resisted := c.against(build, dir)
			line := c.line(seen, resisted)
			fmt.Print(line)
			b.WriteString(line)
			sums[part.name].add(c.resisted, resisted)
		}
	}
	text := fmt.Sprintf("# The original's checks, side by side\n\nThe black-box checks that the Python original was put to, put to this server and this client by `scripts/compare`. "+
		"The original's column is what was recorded then: of its 69 server checks and 17 client checks, the record names the %d and %d below.\n\n"+
		"Server: the original resisted %d of %d, ours %d. Client: the original resisted %d of %d, ours %d.\n\n%s\n%s\n",
		sums["server"].all, sums["client"].all, sums["server"].original, sums["server"].all, sums["server"].ours, sums["client"].original, sums["client"].all, sums["client"].ours, b.String(), where())
	fmt.Printf("\nserver: the original resisted %d of %d, ours %d\nclient: the original resisted %d of %d, ours %d\n",
		sums["server"].original, sums["server"].all, sums["server"].ours, sums["client"].original, sums["client"].all, sums["client"].ours)
	if *write {
		err = os.WriteFile(file, []byte(text), 0o644)
	}
	return sums["server"].ours == sums["server"].all && sums["client"].ours == sums["client"].all, err
}

type sum struct{ all, original, ours int }

func (s *sum) add(original, ours bool) {
	s.all++
	if original {
		s.original++
	}
	if ours {
		s.ours++
	}
}

// against runs a check with a server and a home of its own.
func (c check) against(build, dir string) (seen string, resisted bool) {
	w, err := newWorld(build, dir)
	if err != nil {
		return err.Error(), false
	}
	defer w.close()
	defer func() {
		if p := recover(); p != nil {
			seen, resisted = fmt.Sprint("the check could not be made: ", p), false
		}
	}()
	return c.run(w)
}

func (c check) line(seen string, resisted bool) string {
	original, ours := "no: ", "no"
	if c.resisted {
		original = "yes: "
	}
	if resisted {
		ours = "yes"
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s |\n", c.area, c.what, c.cases, original+c.original, clean(seen), ours)
}

// clean makes a text fit a cell.
func clean(s string) string {
	s = strings.NewReplacer("|", "/", "\n", " ", "<", "&lt;").Replace(strings.TrimSpace(s))
	if len(s) > 160 {
		s = strings.ToValidUTF8(s[:160], "") + "…"
	}
	return s
}

func where() string {
	commit, _ := exec.Command("git", "rev-parse", "--short", "HEAD").Output()
	return "Commit " + strings.TrimSpace(string(commit)) + ", " + time.Now().UTC().Format(time.DateOnly) + "."
}
